/** A fleet that lives under one primary: watched while all of it beats, and then while a part of it has fallen silent. */
import { setTimeout as pause } from 'node:timers/promises'
import { heartbeatInterval } from '../../src/primary/state.ts'
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import { type RunningPrimary, usualPrimary } from '../../tools/installation.ts'
import { type Beating, startBeating } from '../load/beating.ts'
import { eventLoopLag, type Lag } from '../measure/event-loop-lag.ts'
import { cpuDuring, usageOf } from '../measure/process-usage.ts'
import type { Pace } from '../pace.ts'
import { type Alarms, followAlarms } from './alarms.ts'
import type { FleetSite } from './site.ts'

export interface Living {
  readonly members: number
  readonly scheme: 'http' | 'https'
  /** Between two heartbeats of a member, milliseconds. */
  readonly interval: number
  /** How long it was watched, milliseconds. */
  readonly ms: number
  /** Of the primary, milliseconds. */
  readonly cpuMs: number
  /** The most that the primary had, bytes. */
  readonly rss: number
  readonly lag: Lag
  readonly answers: Readonly<Record<string, number>>
  /** Of each heartbeat, milliseconds. */
  readonly latencies: readonly number[]
  /** What the primary wrote. */
  readonly writes: readonly AuditEvent[]
  readonly silence: Silence | undefined
  /** Members that were called lost and were not. */
  readonly falseAlarms: number
}

export interface Silence {
  /** Since its last heartbeat, until each silent member was called lost, milliseconds. */
  readonly noticedAfter: readonly number[]
  readonly missed: number
}

export interface LivingOptions {
  readonly members: number
  readonly scheme: 'http' | 'https'
  readonly pace: Pace
  /** Whether a part falls silent in the end. */
  readonly withSilence: boolean
  readonly say: (line: string) => void
}

/** That an ingress has to a primary. */
const ingressConnections = 32
const mostSilent = 100
/** Silence is noticed after seven intervals; this is when it counts as never noticed. */
const patienceIntervals = 10
const lookEvery = 1_000

/** The site holds so many Clusters already; no primary runs there. */
export async function observeLiving(site: FleetSite, options: LivingOptions): Promise<Living> {
  const { members, scheme, pace } = options
  const primary = await site.start(scheme, { 'heartbeat-interval': String(pace.heartbeatInterval) })
  const alarms = await followAlarms(site.controlPlane.kubeconfig, usualPrimary.namespace)
  // The primary counts its own Cluster too.
  const interval = heartbeatInterval(members + 1, pace.heartbeatInterval * 1000)
  const beating = await startBeating({
    endpoint: primary.endpoint,
    primaryUid: site.controlPlane.kubeSystemUid,
    primaryKey: site.primaryKey.reveal(),
    members,
    interval,
    firstBeatsWithin: pace.firstBeatsWithin * interval,
    connections: scheme === 'http' ? ingressConnections : 'own',
  })
  try {
    return await observe(site, { primary, alarms, beating, interval }, options)
  } finally {
    await beating.end()
    await alarms.end()
    await primary.stop()
  }
}

interface Scene {
  readonly primary: RunningPrimary
  readonly alarms: Alarms
  readonly beating: Beating
  readonly interval: number
}

async function observe(site: FleetSite, scene: Scene, { members, scheme, pace, withSilence, say }: LivingOptions) {
  const { primary, alarms, beating, interval } = scene
  await beating.begin()
  await untilAllHeard(scene, members)
  say(`${members} members are heard over ${scheme}; watching what they cost`)
  await beating.report()
  await eventLoopLag(primary)
  const mark = await site.controlPlane.auditLog.mark()
  const watchedFor = Math.max(pace.watchedIntervals * interval, pace.watchedFor)
  const {
    result: rss,
    ms,
    cpuMs,
  } = await cpuDuring({ primary: primary.pid }, async () => mostMemory(primary, watchedFor))
  const { answers, latencies } = await beating.report()
  const watched = {
    members,
    scheme,
    interval,
    ms,
    rss,
    answers,
    latencies,
    cpuMs: cpuMs['primary'] ?? Number.NaN,
    lag: await eventLoopLag(primary),
    writes: await site.controlPlane.auditLog.writesSince(mark, { user: site.user }),
  }
  if (!withSilence) return { ...watched, silence: undefined, falseAlarms: alarms.lost.size }
  const silent = Math.min(mostSilent, Math.ceil(members / 10))
  say(`${silent} of ${members} fall silent; waiting until they are missed`)
  const { silence, names } = await fallSilent(scene, silent)
  return { ...watched, silence, falseAlarms: [...alarms.lost.keys()].filter((name) => !names.has(name)).length }
}

/** Throws where it takes ten intervals. */
async function untilAllHeard({ beating, interval }: Scene, members: number): Promise<void> {
  const startedAt = performance.now()
  for (let heard = 0; heard < members; { heard } = await beating.report()) {
    if (performance.now() - startedAt > patienceIntervals * interval)
      throw new Error(`only ${heard} of ${members} members have been heard`)
    await pause(lookEvery)
  }
}

/** Resolves with the most memory seen in this time, bytes. */
async function mostMemory({ pid }: RunningPrimary, ms: number): Promise<number> {
  const startedAt = performance.now()
  let most = 0
  while (performance.now() - startedAt < ms) {
    await pause(Math.min(lookEvery, ms))
    most = Math.max(most, (await usageOf(pid)).rss)
  }
  return most
}

async function fallSilent({ alarms, beating, interval }: Scene, members: number) {
  const silenced = await beating.silence(members)
  const names = new Set(silenced.map(({ name }) => name))
  await alarms.until([...names], patienceIntervals * interval)
  const noticedAfter = silenced.flatMap(({ name, heardAt }) => {
    const at = alarms.lost.get(name)
    return at === undefined || heardAt === undefined ? [] : [at - heardAt]
  })
  return { names, silence: { noticedAfter, missed: members - noticedAfter.length } }
}
