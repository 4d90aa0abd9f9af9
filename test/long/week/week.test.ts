/**
 * A week in minutes: secondaries and replicas of a primary live through changes of leader, partitions, wrong clocks, new
 * keys, joins and departures, and afterwards everything that they say is true. The API server is real, time is the test's.
 * One secondary of eighty runs the whole agent and comes over TLS; the others are its parts, without a lease and watches.
 *
 * `WEEK_SEED` lives another week, `WEEK_HOURS` and `WEEK_MEMBERS` a shorter or a larger one. Fewer than 20 members
 * are so few that some of them are "many that fell silent at once", whom nobody calls lost.
 */
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { linesAbout } from './journal.ts'
import type { WeekReport, WeekTask } from './report.ts'

const minute = 60_000
const hour = 60 * minute
const hours = Number(process.env['WEEK_HOURS'] ?? 168)
const task: Omit<WeekTask, 'journal'> = {
  hours,
  members: Number(process.env['WEEK_MEMBERS'] ?? 200),
  replicas: 3,
  // The longest that a primary may set.
  interval: 10 * minute,
  seed: Number(process.env['WEEK_SEED'] ?? 11),
}
/** A replica tells the others no more often whom it has heard: four times in an interval. */
const tellingsAnHour = 24

/** What lives for one request is collected all at once, and not half of it moved twice: a tenth of the time. MiB. */
const roomForTheYoung = '--max-semi-space-size=64'
/** On few cores, threads that collect side by side wait for each other: another tenth. */
const oneCollector = '--no-parallel-scavenge'

/** The same for etcd and the API server, which spend a fifth of their time on it: percent of what is in use. */
const roomForServers = { GOGC: '400' }

async function liveThrough(journal: string): Promise<WeekReport> {
  const tether = join(import.meta.dirname, '../../../tools/tether.mjs')
  const child = fork(join(import.meta.dirname, 'process.ts'), {
    execArgv: ['--import', tether, roomForTheYoung, oneCollector],
    env: { ...process.env, ...roomForServers },
  })
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the week has ended with ${String(code)} and without a report`)
  })
  child.send({ ...task, journal } satisfies WeekTask)
  const [report] = (await Promise.race([once(child, 'message'), failed])) as [WeekReport]
  await failed.catch(() => undefined)
  return report
}

const journalIn = (directory: string) => join(directory, 'journal.jsonl')

const title = `${task.members} members after ${hours} hours (WEEK_SEED=${task.seed})`

describe(title, { timeout: 2_700_000 }, () => {
  let report: WeekReport
  let directory: string

  /** Prints what happened to those who did not end as they should have. */
  function tellOf(names: readonly string[]): void {
    for (const name of names)
      console.log([`--- ${name}:`, ...linesAbout(journalIn(directory), [name, report.uids[name] ?? name])].join('\n'))
  }

  before(async () => {
    const startedAt = performance.now()
    directory = await mkdtemp(join(tmpdir(), 'conjoin-week-'))
    report = await liveThrough(journalIn(directory))
    const { happened, writes, memory, silences, gone, whole, renewals, ledAhead, clockChanges } = report
    console.log({
      minutes: (performance.now() - startedAt) / minute,
      happened,
      writes,
      memory,
      silences,
      gone,
      whole,
      renewals,
      ledAhead,
      clockChanges,
    })
  })

  after(async () => rm(directory, { recursive: true, force: true }))

  it('are members on both sides, healthy, and heard by whoever is to hear them', () => {
    const { memberships } = report
    const expected = Object.entries(report.uids).map(([name, uid]) => ({
      name,
      uids: [uid, uid],
      isSameKey: true,
      conditions: ['Healthy=True/Heartbeat', 'Joined=True/Joined', 'Ready=True/Joined'],
      status: 'Joined',
      msg: '',
      hasClusterInfo: true,
    }))
    const said = memberships.map((membership) => membership.said)
    tellOf(said.filter((one, index) => !isDeepStrictEqual(one, expected[index])).map(({ name }) => name))
    assert.deepEqual(said, expected)
    // It is written once an hour, when there is a heartbeat.
    const stale = memberships.filter(({ lastSeenAge }) => !(Math.abs(lastSeenAge) < 2 * hour))
    const unheard = memberships.filter(({ heardAge }) => heardAge > 2 * task.interval)
    assert.deepEqual([stale, unheard], [[], []])
  })

  it('are the only ones: who left, was disconnected or refused is out, and knows why', () => {
    tellOf(report.notOut.map(({ name }) => name))
    assert.deepEqual(report.notOut, [])
    assert.deepEqual(report.clusters.toSorted(), ['primary', ...Object.keys(report.uids)].toSorted())
    assert.ok(report.gone >= hours, `one an hour goes; ${report.gone} have`)
  })

  it('were never called lost where they had been heard', () => {
    assert.deepEqual(report.falseAlarms, [])
  })

  it('were called lost where they had been silent for hours', () => {
    assert.ok(report.silences.length >= Math.floor(hours / 6), `${report.silences.length} long silences`)
    const unnoticed = report.silences.filter(({ wasCalledLost }) => !wasCalledLost)
    assert.deepEqual(unnoticed, [])
  })

  it('need no more memory at the end than after the first day', () => {
    const [first = 0] = report.memory
    const last = report.memory.at(-1) ?? Number.POSITIVE_INFINITY
    assert.ok(last <= 1.1 * first + 4e6, `bytes in use at the end of each day: ${report.memory.join(', ')}`)
  })

  it('go on where the primary has renewed its TLS certificate, which some of them judge', () => {
    // Sooner or later one leads whose clock is ten years ahead. To the certificate that it makes no clock of the week is.
    assert.ok(hours < 168 || report.ledAhead > 0, 'nobody has led whose clock was ahead')
    assert.equal(report.renewals, Math.min(1, report.ledAhead))
    assert.ok(report.whole > 0, 'nobody is left who looks at it')
  })

  it('cost few writes', () => {
    const { writes, happened, clockChanges } = report
    const tellings = writes['patch configmaps'] ?? 0
    assert.ok(tellings <= task.replicas * hours * tellingsAnHour, `${tellings} tellings of whom a replica has heard`)
    const events = Object.values(happened).reduce((sum, times) => sum + times, 0)
    // A join is made once: what is asked for again has met a conflict, or an API server that did not answer.
    const [joins = 0, made = 0] = [happened['joins'], writes['create clusters']]
    assert.ok(made <= 1.1 * joins + 2, `${made} Clusters made for ${joins} joins`)
    const statuses = writes['patch clusters/status'] ?? 0
    // Of each member: once an hour that it was seen, when that is said by another clock, and which key of the primary it
    // trusts. Besides, whatever is news of a member to whom something happens.
    const ofEach = hours + clockChanges + 2 * (happened['primary-key-rolls'] ?? 0)
    assert.ok(statuses <= task.members * ofEach + 2 * events, `${statuses} writes of a status`)
  })

  it('have told no secret to any log, and neither has their primary', () => {
    assert.deepEqual(report.findings, [])
    assert.ok(report.planted.length > 0, 'what is planted is found')
  })
})
