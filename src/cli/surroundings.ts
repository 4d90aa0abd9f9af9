/** What a command meets outside itself: two outputs, a clock, Ctrl-C, and the clusters. No command takes more than this. */
import { existsSync } from 'node:fs'
import { createClient, type KubeClient } from '../kube/client.ts'
import { serverVersion } from '../kube/server-version.ts'
import { connect } from '../kube/transport.ts'
import { type Clock, systemClock } from '../lib/clock.ts'
import type { Target } from './command-line.ts'
import { withoutEffect } from './without-effect.ts'

export interface Surroundings {
  /** Data: what a script would read. The text is written as it is. */
  readonly print: (text: string) => void
  /** Talk, for people: one line or more, without the last line's end. */
  readonly say: (text: string) => void
  /** Whether the talk may be coloured. */
  readonly hasColor: boolean
  readonly clock: Clock
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Of this program. */
  readonly version: string
  /** Throws where there is no such file or context; nothing is sent yet. */
  readonly connect: (target: Target, options?: ConnectionOptions) => Promise<Connection>
}

export interface ConnectionOptions {
  /** The API server judges every change and makes none. */
  readonly withoutEffect?: boolean
}

/** One cluster. */
export interface Connection {
  readonly client: KubeClient
  /** Of Kubernetes, like `v1.36.3`. Throws `KubeApiError`. */
  serverVersion(): Promise<string>
  close(): Promise<void>
}

export interface ProcessSettings {
  readonly kubeconfigs: readonly string[]
  readonly noColor: boolean
  readonly version: string
  readonly signal: AbortSignal
}

/** The surroundings of this very process. */
export function processSurroundings({ kubeconfigs, noColor, version, signal }: ProcessSettings): Surroundings {
  return {
    print: (text) => void process.stdout.write(text),
    say: (text) => void process.stderr.write(`${text}\n`),
    hasColor: process.stderr.isTTY && !noColor,
    clock: systemClock,
    signal,
    version,

    connect: async ({ kubeconfig, context }, options = {}) => {
      const usual = kubeconfigs.filter((file) => existsSync(file))
      const found = kubeconfig ?? (usual.length === 0 ? undefined : usual)
      const transport = await connect({ kubeconfig: found, context, userAgent: `kubectl-conjoin/${version}` })
      return {
        client: createClient(options.withoutEffect ? withoutEffect(transport) : transport),
        serverVersion: async () => serverVersion(transport),
        close: async () => transport.close(),
      }
    },
  }
}
