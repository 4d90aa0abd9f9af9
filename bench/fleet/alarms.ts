/** Who is called lost, and when: it follows the Clusters as an administrator, and remembers each that has no heartbeat. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Cluster, clusterKind } from '../../src/api/cluster.ts'
import { createClient } from '../../src/kube/client.ts'
import { createInformer } from '../../src/kube/informer.ts'
import { connect } from '../../src/kube/transport.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Logger } from '../../src/lib/logger.ts'

export interface Alarms {
  /** By name: when it was called lost, ms since the epoch. Who was lost from the start is not among them. */
  readonly lost: ReadonlyMap<string, number>
  /** Resolves when all of these are lost, or after `limitMs`. */
  until(names: readonly string[], limitMs: number): Promise<void>
  end(): Promise<void>
}

const lookEvery = 100
/** What disturbs the watch shows in the figures. */
const quiet: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => quiet,
}

/** Resolves when everything that is stored is known. */
export async function followAlarms(kubeconfig: string, namespace: string): Promise<Alarms> {
  const transport = await connect({ kubeconfig, userAgent: 'conjoin-bench' })
  const client = createClient(transport)
  const informer = createInformer<Cluster>({ client, kind: clusterKind, namespace, clock: systemClock, log: quiet })
  const lost = new Map<string, number>()
  informer.onChange((change) => {
    // Who was lost before is no news.
    if (change.type !== 'updated' || !isLost(change.object) || isLost(change.previous)) return
    lost.set(change.object.metadata.name, Date.now())
  })
  const end = new AbortController()
  const followed = informer.run(end.signal)
  await informer.synced(end.signal)
  return {
    lost,
    async until(names, limitMs) {
      const startedAt = performance.now()
      while (names.some((name) => !lost.has(name)) && performance.now() - startedAt < limitMs) await pause(lookEvery)
    },
    async end() {
      end.abort()
      await followed
      await transport.close()
    },
  }
}

function isLost({ status }: Cluster): boolean {
  return status?.conditions?.some(({ type, reason }) => type === 'Healthy' && reason === 'NoHeartbeat') ?? false
}
