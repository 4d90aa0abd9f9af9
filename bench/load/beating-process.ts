/** A process of members that live: each beats at the interval that its primary tells it, spread as secondaries spread it. */

import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, Client, type Dispatcher } from 'undici'
import { createIssuer } from '../../src/protocol/issuer.ts'
import { signingKeyFromPem } from '../../src/protocol/keys.ts'
import { fleetMember } from '../fleet/member.ts'
import type { BeatingQuestion, BeatingReport, BeatingTask } from './beating.ts'
import { type BeatAnswer, type BeatingMember, createBeatingMember } from './beating-member.ts'

/** Around the interval, on either side. */
const spread = 0.2
/** A connection that is kept must outlive an interval. Milliseconds. */
const keepAliveTimeout = 10 * 60_000

interface Living {
  readonly member: BeatingMember
  /** When its last good answer came, ms since the epoch. */
  heardAt: number | undefined
  isSilent: boolean
}

const tally = { answers: {} as Record<string, number>, latencies: [] as number[] }

function count({ says, ms }: BeatAnswer): void {
  tally.answers[says] = (tally.answers[says] ?? 0) + 1
  tally.latencies.push(ms)
}

async function live(living: Living, firstAfter: number, firstInterval: number): Promise<void> {
  let interval = firstInterval
  await pause(firstAfter)
  while (!living.isSilent) {
    const startedAt = performance.now()
    try {
      const answer = await living.member.beat()
      count(answer)
      if (answer.says === 'ok') living.heardAt = Date.now()
      interval = answer.interval ?? interval
    } catch {
      count({ says: 'no answer', ms: performance.now() - startedAt })
    }
    const wait = interval * (1 - spread + 2 * spread * Math.random())
    await pause(Math.max(0, wait - (performance.now() - startedAt)))
  }
}

/** Behind an ingress members share its connections; without one each has its own. */
function dispatchers({ endpoint, connections }: BeatingTask): () => Dispatcher {
  const options = { connect: { rejectUnauthorized: false }, keepAliveTimeout, keepAliveMaxTimeout: keepAliveTimeout }
  if (connections === 'own') return () => new Client(endpoint, options)
  const shared = new Agent({ ...options, connections })
  return () => shared
}

function report(fleet: readonly Living[]): BeatingReport {
  const { answers, latencies } = tally
  tally.answers = {}
  tally.latencies = []
  return { answers, latencies, heard: fleet.filter(({ heardAt }) => heardAt !== undefined).length }
}

// The tether lets a process end that has nothing else to do; this one waits to be told.
process.channel?.ref()
const [task] = (await once(process, 'message')) as [BeatingTask]
const signing = signingKeyFromPem(task.primaryKey)
const issuer = createIssuer(task.primaryUid, signing)
const dispatcherFor = dispatchers(task)
const fleet: Living[] = []
for (let index = 0; index < task.members; index += 1) {
  const connection = { origin: task.endpoint, dispatcher: dispatcherFor() }
  const member = await createBeatingMember(fleetMember(index), issuer, connection)
  fleet.push({ member, heardAt: undefined, isSilent: false })
}

process.on('message', (question: BeatingQuestion) => {
  switch (question.kind) {
    case 'begin':
      for (const [index, living] of fleet.entries())
        void live(living, (index / fleet.length) * task.firstBeatsWithin, task.interval)
      process.send?.('begun')
      return
    case 'report':
      process.send?.(report(fleet))
      return
    case 'silence': {
      // Every so many-th, so that the silent ones were due at different times.
      const step = Math.floor(fleet.length / question.members)
      const silenced = fleet.filter((_, index) => index % step === 0).slice(0, question.members)
      for (const living of silenced) living.isSilent = true
      process.send?.(silenced.map(({ member, heardAt }) => ({ name: member.name, heardAt })))
    }
  }
})
process.send?.('prepared')
