/**
 * Candidates for one lease, each behind a relay and with a wall clock of its own, on one clock that a test moves. It
 * keeps who led when, and whether ever two did; like a pod, a candidate that has lost the lease starts anew.
 */
import type { TestContext } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { type LeaderDeps, runAsLeader } from '../../src/kube/leader.ts'
import { connect } from '../../src/kube/transport.ts'
import { type Clock, sleepWith } from '../../src/lib/clock.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { createRecordingLog } from '../unit/kube/recording-log.ts'
import { startKubeRelay } from './kube-relay.ts'
import { createManualClock, type ManualClock } from './manual-clock.ts'

/** One time in office; milliseconds of the shared clock. */
export interface Term {
  readonly identity: string
  readonly from: number
  /** Undefined while it lasts. */
  until: number | undefined
}

/** `reset`: every connection is refused and cut; `silent`: they stay open and carry nothing. */
export type Isolation = 'none' | 'reset' | 'silent'

export interface Candidate {
  readonly identity: string
  isolate(isolation: Isolation): void
  /** For good; resolves when it has ended, which may need time to pass. */
  stop(): Promise<void>
}

export interface Election {
  readonly clock: ManualClock
  readonly terms: readonly Term[]
  /** Who took office while somebody else still held it. */
  readonly usurpers: readonly Term[]
  leader(): string | undefined
  /** `skewMs` is how wrong its wall clock is; `through` may stand between it and its client. */
  candidate(
    identity: string,
    options?: { skewMs?: number; through?: (client: KubeClient) => LeaderDeps['client'] },
  ): Promise<Candidate>
  /** Lets time pass in small steps, each when all candidates wait for nothing but time, until `condition` or the end. */
  pass(ms: number, condition?: () => boolean): Promise<void>
}

/** Shorter than every wait of an election. Milliseconds. */
const stepMs = 500

export function openElection(context: TestContext, controlPlane: ClusterAccess, lease: string): Election {
  const clock = createManualClock()
  const terms: Term[] = []
  const usurpers: Term[] = []
  const waits: (() => boolean)[] = []
  const inOffice = () => terms.find(({ until }) => until === undefined)

  async function lead(identity: string, signal: AbortSignal): Promise<void> {
    const term: Term = { identity, from: clock.monotonic(), until: undefined }
    if (inOffice() !== undefined) usurpers.push(term)
    terms.push(term)
    const { promise, resolve } = Promise.withResolvers<void>()
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
    await promise
    term.until = clock.monotonic()
  }

  async function rest(): Promise<void> {
    while (!waits.every((isWaiting) => isWaiting())) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
    }
  }

  return {
    clock,
    terms,
    usurpers,
    leader: () => inOffice()?.identity,
    async candidate(identity, { skewMs = 0, through = (client: KubeClient) => client } = {}) {
      const relay = await startKubeRelay(context, controlPlane)
      const transport = await connect({ kubeconfig: relay.kubeconfig, userAgent: 'candidate' })
      const calls = countCalls(through(createClient(transport)))
      const own = ownClock(clock, skewMs)
      const stop = new AbortController()
      let isolation: Isolation = 'none'
      let isOver = false

      async function run(): Promise<void> {
        const { log } = createRecordingLog()
        const deps = { client: calls.client, namespace: 'default', lease, identity, clock: own.clock, log }
        while (!stop.signal.aborted) await runAsLeader(deps, async (signal) => lead(identity, signal), stop.signal)
        isOver = true
      }
      const running = run()
      // Who is answered by nobody waits for time too.
      waits.push(() => isOver || (calls.awaited() === 0 ? own.timers() > 0 : isolation === 'silent'))
      context.after(async () => {
        stop.abort()
        await transport.close()
      })
      return {
        identity,
        isolate(next) {
          isolation = next
          if (next === 'silent') relay.silence()
          else relay.cut()
          relay.treat(next === 'none' ? 'pass' : next === 'reset' ? 'reset' : 'ignore')
        },
        async stop() {
          stop.abort()
          await running
        },
      }
    },
    async pass(ms, condition = () => false) {
      const end = clock.monotonic() + ms
      for (await rest(); clock.monotonic() < end && !condition(); await rest()) await clock.advance(stepMs)
    },
  }
}

/** A client that can tell whether an answer is awaited. */
export function countCalls(client: LeaderDeps['client']): { client: LeaderDeps['client']; awaited: () => number } {
  let awaited = 0
  async function counted<R>(answer: Promise<R>): Promise<R> {
    awaited += 1
    return answer.finally(() => {
      awaited -= 1
    })
  }
  return {
    client: {
      get: async (...call) => counted(client.get(...call)),
      apply: async (...call) => counted(client.apply(...call)),
      replace: async (...call) => counted(client.replace(...call)),
    },
    awaited: () => awaited,
  }
}

/** The shared clock with another time on the wall, and a count of the timers set by it. */
function ownClock(shared: Clock, skewMs: number): { clock: Clock; timers: () => number } {
  const timers = new Set<symbol>()
  const clock: Clock = {
    now: () => shared.now() + skewMs,
    monotonic: () => shared.monotonic(),
    after(ms, fire) {
      const timer = Symbol('timer')
      timers.add(timer)
      const cancel = shared.after(ms, () => {
        timers.delete(timer)
        fire()
      })
      return () => {
        timers.delete(timer)
        cancel()
      }
    },
    async sleep(ms, signal) {
      return sleepWith(this, ms, signal)
    },
  }
  return { clock, timers: () => timers.size }
}
