/**
 * What the services of the primary need to know of it at this moment: its keys, its name, its address. They never look at
 * Bootstraps themselves.
 */
import type { Cluster } from '../api/cluster.ts'
import { parseEndpoint } from '../api/endpoint.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { PrimaryKeys } from '../protocol/fields.ts'
import type { Keyring } from '../protocol/keyring.ts'
import { oldest } from './cluster-lookup.ts'

export interface ServingPrimary {
  readonly keyring: Keyring
  /** Name of the primary's own Cluster. */
  readonly name: string
  /** Where secondaries reach it; without a slash at the end. */
  readonly endpoint: string
  /** The time between two heartbeats that members are told, milliseconds. */
  readonly interval: number
}

export interface PrimaryFacts {
  /** Undefined before the key is loaded, or where it is lost. */
  readonly keyring: Keyring | undefined
  /** The Clusters that are the primary itself: one, where no user has made another. */
  readonly primaries: readonly Cluster[]
  /** How many Clusters there are. */
  readonly clusters: number
  readonly endpointFlag: string | undefined
  /** The least time between two heartbeats, milliseconds. */
  readonly interval: number
}

/** A replica answers no more heartbeats a second than this: a quarter of a core, as docs/benchmarks.md has measured it. */
const maxHeartbeatRate = 250

/** Throws `ProtocolError` `Busy`, with the reason, while the primary cannot serve. */
export function servingPrimary(facts: PrimaryFacts): ServingPrimary {
  const keyring = loadedKeyring(facts.keyring)
  const own = oldest(facts.primaries)
  if (own === undefined) throw notReady('no Bootstrap has registered it')
  const endpoint = endpointOf(own, facts.endpointFlag)
  if (endpoint === undefined) throw notReady('it has no address')
  return { keyring, name: own.metadata.name, endpoint, interval: heartbeatInterval(facts.clusters, facts.interval) }
}

/** Throws `ProtocolError` `Busy` before the key is loaded, and where it is lost. */
export function loadedKeyring(keyring: Keyring | undefined): Keyring {
  if (keyring === undefined) throw notReady('its signing key is not loaded')
  return keyring
}

/** Grows with the fleet, so that the load does not. Milliseconds. */
export function heartbeatInterval(clusters: number, least: number): number {
  return Math.max(least, (clusters / maxHeartbeatRate) * 1000)
}

/** The primary's keys as members are told them. */
export function primaryKeys({ current: { key }, next }: Keyring): PrimaryKeys {
  const current = { kid: key.thumbprint, x: key.x }
  return next === undefined ? { current } : { current, next: next.announcement }
}

function endpointOf(own: Cluster, flag: string | undefined): string | undefined {
  const url = flag ?? own.spec.k10.ingress?.url
  const endpoint = url === undefined ? undefined : parseEndpoint(url)
  return endpoint?.ok === true ? endpoint.url : undefined
}

function notReady(reason: string): ProtocolError {
  return new ProtocolError('Busy', `the primary is not ready: ${reason}`)
}
