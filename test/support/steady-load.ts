/**
 * What a primary hears all the time: members that beat over connections which they keep, and new clusters that join. It
 * records how each of them fares, and knows how well that has to be; what happens to the primary is the test's.
 */
import assert from 'node:assert/strict'
import { systemClock } from '../../src/lib/clock.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import { createJoiner, type Given, type Joiner } from './joiner.ts'

/** What a member heard in turn: the word of a reply, or the code of the failure. */
export type Heard = string[]

/** What a cluster heard until its join was final: codes of failures, and then `Joined` or the code of the refusal. */
export interface Arrival {
  readonly joiner: Joiner
  readonly heard: readonly string[]
}

export interface SteadyLoad {
  /** By member. */
  readonly beats: readonly Heard[]
  readonly arrivals: readonly Arrival[]
  /** Resolves when whatever has begun has ended. */
  stop(): Promise<void>
}

/** A member may ask once a second. Milliseconds. */
const shortestBeat = 1_100
/** As a secondary waits at first. Milliseconds. */
const retry = 1_000

/** The members have joined; `arriving` clusters join at once, each followed by another. `betweenBeats` is milliseconds. */
export function startSteadyLoad(
  given: Given,
  members: readonly Joiner[],
  { arriving, betweenBeats = shortestBeat }: { readonly arriving: number; readonly betweenBeats?: number },
): SteadyLoad {
  const stop = new AbortController()
  const { signal } = stop
  const arrivals: Arrival[] = []
  const beats = members.map((): Heard => [])

  async function stay(member: Joiner, heard: Heard): Promise<void> {
    const heartbeats = member.heartbeats()
    async function ask(): Promise<boolean> {
      const beat = await heartbeats.beat(undefined, new AbortController().signal)
      heard.push(beat.kind === 'silent' ? beat.error.code : beat.reply.status)
      return beat.kind === 'answered'
    }
    let isAnswered = true
    while (!signal.aborted) {
      isAnswered = await ask()
      // Later, it might meet the next replica that stops: that would say nothing of this one.
      await systemClock.sleep(isAnswered ? betweenBeats : shortestBeat, signal).catch(() => undefined)
    }
    if (!isAnswered) await ask()
    heartbeats.close()
  }

  async function arrive(): Promise<void> {
    while (!signal.aborted) {
      const joiner = createJoiner()
      const heard: string[] = []
      while (heard.at(-1) !== 'Joined' && !signal.aborted) {
        heard.push(await wordFor(joiner, given))
        if (heard.at(-1) !== 'Joined') await systemClock.sleep(retry, signal).catch(() => undefined)
      }
      arrivals.push({ joiner, heard })
    }
  }

  const work = [
    ...members.map(async (member, index) => stay(member, beats[index] ?? [])),
    ...Array.from({ length: arriving }, arrive),
  ]
  return {
    beats,
    arrivals,
    async stop() {
      stop.abort()
      await Promise.all(work)
    },
  }
}

async function wordFor(joiner: Joiner, given: Given): Promise<string> {
  try {
    const outcome = await joiner.ask(given)
    return outcome.kind === 'joined' ? 'Joined' : outcome.refusal.code
  } catch (error) {
    if (error instanceof ProtocolError) return error.code
    throw error
  }
}

/** Nothing but a connection that ends, and after that the good word at once. */
export function assertOneWayOn(heard: readonly string[], good: string, who: string): void {
  const told = `${who} has heard ${heard.join(' ')}`
  assert.ok(
    heard.every((word) => word === good || word === 'ConnectRefused'),
    told,
  )
  assert.ok(!heard.join(' ').includes('ConnectRefused ConnectRefused'), told)
  assert.equal(heard.at(-1), good, told)
}

/** None of these writes calls a Cluster lost, or says of the primary that many have fallen silent. */
export function assertNobodyCalledLost(writes: readonly AuditEvent[]): void {
  const told = writes.filter(({ requestObject = {} }) =>
    /NoHeartbeat|ManyHeartbeatsLost/.test(JSON.stringify(requestObject)),
  )
  assert.deepEqual([...new Set(told.map(({ name }) => name))], [])
}
