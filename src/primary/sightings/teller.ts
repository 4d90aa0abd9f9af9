/**
 * Tells the other replicas whom this one has heard: its ConfigMap, written seldom and only where it says something new to
 * somebody. It reads nothing; the ConfigMaps of replicas that have gone are the collector's.
 */
import { sightingsLabel } from '../../api/group.ts'
import { encodeSightings, type Sighting, sightingsName, splitSightings } from '../../api/sightings.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type ConfigMap, configMapKind } from '../../kube/objects.ts'
import { exponentialBackoff } from '../../lib/backoff.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { Sightings } from '../cluster/sightings.ts'
import { fieldManager } from '../field-manager.ts'

export interface TellerDeps {
  readonly client: Pick<KubeClient, 'apply' | 'delete'>
  /** Where the replicas live. */
  readonly namespace: string
  /** The name of this replica. */
  readonly identity: string
  readonly sightings: Pick<Sightings, 'heard' | 'heartbeats'>
  /** Whether somebody would read it. */
  readonly hasReader: () => boolean
  /** The interval that members are told, milliseconds. */
  readonly interval: () => number
  readonly clock: Clock
  readonly log: Logger
}

/** No replica writes more often, milliseconds. */
const shortestPace = 30_000
/** Part of the interval. Silence is judged by whole intervals, so of members that beat seldom it is told seldom. */
const paceOfInterval = 1 / 4
/** A write that failed is tried again sooner, so that members are not lost for one lost write. Milliseconds. */
const retry = { base: 1_000, cap: shortestPace }
/** A stop waits no longer than this for the API server, milliseconds. */
const removalLimit = 2_000

/** Tells until aborted, then takes back what it has told; resolves when that is done. */
export async function tellSightings(deps: TellerDeps, signal: AbortSignal): Promise<void> {
  const { sightings, interval, clock, log } = deps
  const pace = () => Math.max(shortestPace, interval() * paceOfInterval)
  let told = 0
  let failures = 0
  /** How many ConfigMaps of it there may be. */
  let parts = 0
  while (true) {
    // Also before the first time: a replica that becomes the leader at once, and is alone, has nobody to tell.
    await clock.sleep(failures === 0 ? pace() : exponentialBackoff(failures, retry), signal).catch(() => undefined)
    if (signal.aborted) break
    const heartbeats = sightings.heartbeats()
    if (heartbeats === told || !deps.hasReader()) continue
    try {
      const heard = splitSightings(sightings.heard())
      parts = Math.max(parts, heard.length)
      for (const [part, sightings] of heard.entries()) await write(deps, { part, sightings }, signal)
      for (; parts > heard.length; parts -= 1) await remove(deps, parts - 1, signal)
      told = heartbeats
      failures = 0
    } catch (err) {
      if (failures === 0) log.warn({ err }, 'cannot tell the other replicas whom this one has heard')
      else log.debug({ err }, 'cannot tell the other replicas whom this one has heard')
      failures += 1
    }
  }
  await takeBack(deps, parts)
}

async function write(
  { client, namespace, identity, clock }: TellerDeps,
  { part, sightings }: { readonly part: number; readonly sightings: readonly Sighting[] },
  signal: AbortSignal,
): Promise<void> {
  await client.apply<ConfigMap>(
    configMapKind,
    {
      metadata: { namespace, name: sightingsName(identity, part), labels: { [sightingsLabel]: 'told' } },
      ...encodeSightings(identity, clock.now(), sightings),
    },
    { fieldManager, force: true, signal },
  )
}

async function remove({ client, namespace, identity }: TellerDeps, part: number, signal: AbortSignal): Promise<void> {
  await client.delete(configMapKind, { namespace, name: sightingsName(identity, part) }, { signal })
}

/** Where it fails the leader collects it. */
async function takeBack(deps: TellerDeps, parts: number): Promise<void> {
  const limit = new AbortController()
  const cancel = deps.clock.after(removalLimit, () => limit.abort(new Error('no answer in time')))
  try {
    for (let part = 0; part < parts; part += 1) await remove(deps, part, limit.signal)
  } catch (err) {
    deps.log.info({ err }, 'could not take back what this replica has told')
  } finally {
    cancel()
  }
}
