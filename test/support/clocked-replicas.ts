/**
 * Replicas of a primary inside this process, on clocks that a test moves together: the API server, the rights and the
 * requests are real. Time passes only when all have come to rest, so that minutes take a moment and nothing races.
 */
import { setImmediate as turn } from 'node:timers/promises'
import { createClient } from '../../src/kube/client.ts'
import { serverVersion } from '../../src/kube/server-version.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { createOperator } from '../../src/primary/operator.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import { createRecordingLog, type RecordingLog } from '../unit/kube/recording-log.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'
import type { Scene } from './scene.ts'
import { severable } from './severed-transport.ts'

/** The least that members can be told, and their clusters lost after seven times as long. Milliseconds. */
export const interval = 10_000

export interface ClockedReplica {
  readonly endpoint: string
  readonly log: RecordingLog
  /** As SIGTERM does; resolves when it has ended. */
  stop(): Promise<void>
  /** As a power cut does: nothing of it reaches the API server any more. */
  kill(): Promise<void>
  /** Takes its API server away from it; clusters still reach it. */
  isolate(): void
  /** Gives its API server back. */
  rejoin(): void
  /** What its /readyz says. */
  notReady(): readonly string[]
  /** What it has ended with, by itself; only to be asked for where it does. */
  failure(): Promise<unknown>
}

export interface ClockedReplicas {
  /** Resolves when it serves. `skewMs` is how wrong its wall clock is, `tells` the interval that it tells members. */
  start(identity: string, options?: { skewMs?: number; tells?: number }): Promise<ClockedReplica>
  /** Lets time pass in steps, each when every replica waits for nothing else and has seen what the others told. */
  pass(ms: number): Promise<void>
  /** Lets time pass as it does outside, until this has settled. */
  during<T>(work: Promise<T>): Promise<T>
  end(): Promise<void>
}

/** Shorter than any patience of a replica with its API server. */
const stepMs = 2_000

interface Running extends ClockedReplica {
  readonly clock: ManualClock
  readonly traffic: Traffic
}

export function clockedReplicas(scene: Scene): ClockedReplicas {
  const running = new Set<Running>()
  /** The last version of each ConfigMap of sightings, as its writer knows it: he may have died before the answer. */
  const written = new Map<string, number>()

  async function start(
    identity: string,
    { skewMs = 0, tells = interval }: { skewMs?: number; tells?: number } = {},
  ): Promise<ClockedReplica> {
    const [kubeconfig] = scene.kubeconfigs
    const transport = await connect({ kubeconfig, userAgent: identity, metrics: { request: () => () => undefined } })
    const way = severable(transport)
    const traffic = followTraffic(way.transport, written)
    const clock = createManualClock({ now: Date.now() + skewMs })
    const log = createRecordingLog()
    const port = await freePort()
    const metrics = createMetrics({ role: 'primary', version: 'test', clock: systemClock })
    const kubernetes = await serverVersion(transport)
    const operator = createOperator({
      client: createClient(traffic.transport),
      namespace: scene.place.namespace,
      identityNamespace: scene.place.home,
      identity,
      versions: () => ({ operator: '0.1.0', kubernetes }),
      listen: { tls: false, host: '127.0.0.1', port },
      endpoint: undefined,
      requestedPrimary: undefined,
      trustedProxies: [],
      memberLabels: ['region', 'example.com/*'],
      heartbeatInterval: tells,
      metrics: { ...metrics.role(), ...metrics.primary() },
      clock,
      log: log.log,
    })
    const abort = new AbortController()
    const ended = operator.run(abort.signal)
    const end = async () => {
      abort.abort(new Error('stopped by the test'))
      await during(Promise.allSettled([ended]))
      running.delete(replica)
      await transport.close()
    }
    const replica: Running = {
      endpoint: `http://127.0.0.1:${port}`,
      log,
      clock,
      traffic,
      stop: end,
      async kill() {
        await transport.close()
        await end()
      },
      isolate: way.cut,
      rejoin: way.mend,
      notReady: operator.notReady,
      failure: async () =>
        during(
          ended.then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
    }
    running.add(replica)
    await during(Promise.race([ended, log.line(({ message }) => message === 'serving the join endpoint')]))
    return replica
  }

  async function during<T>(work: Promise<T>): Promise<T> {
    const settled = Promise.allSettled([work])
    let before = systemClock.now()
    while ((await Promise.race([settled, systemClock.sleep(20)])) === undefined) {
      const now = systemClock.now()
      await Promise.all([...running].map(async ({ clock }) => clock.advance(now - before)))
      before = now
    }
    return work
  }

  async function rest(): Promise<void> {
    do await turn()
    while (![...running].every(({ traffic }) => traffic.isAtRest()))
  }

  async function advance(ms: number): Promise<void> {
    await Promise.all([...running].map(async ({ clock }) => clock.advance(ms)))
    await rest()
  }

  return {
    start,
    async pass(ms) {
      await rest()
      for (let left = ms; left > 0; left -= stepMs) await advance(Math.min(stepMs, left))
    },
    during,
    async end() {
      await Promise.all([...running].map(async (replica) => replica.stop()))
    },
  }
}

interface Traffic {
  readonly transport: KubeTransport
  /** No answer is awaited, and whatever a replica has told has arrived. */
  isAtRest(): boolean
}

interface Stored {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
}

/** `written` is shared by all replicas: what any of them has told. */
function followTraffic(transport: KubeTransport, written: Map<string, number>): Traffic {
  let awaited = 0
  /** Watches of ConfigMaps: those that are open, and the most that ever were. */
  let open = 0
  let followed = 0
  const seen = new Map<string, number>()
  const note = (verb: string, answer: unknown) => {
    if (verb === 'list')
      for (const { metadata } of (answer as { items: Stored[] }).items)
        seen.set(metadata.name, Number(metadata.resourceVersion))
    const { metadata } = answer as Stored
    if (verb === 'apply') written.set(metadata.name, Number(metadata.resourceVersion))
    if (verb === 'delete') written.delete(metadata.name)
  }
  async function* counted(lines: AsyncIterable<string>): AsyncIterable<string> {
    open += 1
    followed = Math.max(followed, open)
    try {
      yield* lines
    } finally {
      open -= 1
    }
  }
  return {
    transport: {
      async request(request) {
        awaited += 1
        try {
          const answer = await transport.request(request)
          const { verb, resource } = request.subject
          if (resource === 'configmaps') note(verb, answer)
          return answer
        } finally {
          awaited -= 1
        }
      },
      async stream(request) {
        const lines = await transport.stream(request)
        return request.subject.resource === 'configmaps' ? counted(noted(lines, seen)) : lines
      },
      close: async () => transport.close(),
    },
    // A watch that is down comes back only as time passes.
    isAtRest: () =>
      awaited === 0 && (open < followed || [...written].every(([name, version]) => (seen.get(name) ?? 0) >= version)),
  }
}

/** What has been taken in: a line has been when the next one is asked for. */
async function* noted(lines: AsyncIterable<string>, seen: Map<string, number>): AsyncIterable<string> {
  for await (const line of lines) {
    yield line
    const { metadata } = (JSON.parse(line) as { object: Stored }).object
    seen.set(metadata.name, Number(metadata.resourceVersion))
  }
}
