/**
 * One join as a user makes it: `mc-join` is created, and `mc-join-status` says `Joined`. And the way back, after which the
 * secondary is as new. It looks from outside and interprets nothing.
 */
import { bootstrapKind } from '../../src/api/bootstrap.ts'
import { clusterKind } from '../../src/api/cluster.ts'
import { mcClusterInfoName } from '../../src/api/mc-cluster-info.ts'
import { mcIdentityName } from '../../src/api/mc-identity.ts'
import { mcJoinConfigName, mcJoinName } from '../../src/api/mc-join.ts'
import { decodeJoinStatus, mcJoinStatusName } from '../../src/api/mc-join-status.ts'
import { encodeSecretData } from '../../src/api/secret-data.ts'
import { type ConfigMap, configMapKind, type Kind, type Secret, secretKind } from '../../src/kube/objects.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import { until } from '../bed.ts'
import type { Pair, Side } from './pair.ts'

/** A request to the API server of one of the two. */
export interface SidedRequest extends AuditEvent {
  readonly side: 'primary' | 'secondary'
}

export interface SingleJoin {
  /** When the user sent `mc-join`, and when the user was told of `Joined`: milliseconds since the epoch. */
  readonly createdAt: number
  readonly joinedAt: number
  /** In the order of their arrival, from the user's own to the last that the roles send because of it. */
  readonly requests: readonly SidedRequest[]
}

export const clusterName = 'east-coast-1'
const fieldManager = 'conjoin-bench'
/** So long without a request, milliseconds, and the roles have nothing left to do. */
const quietFor = 150
/** Milliseconds. */
const hangLimit = 60_000

/** Resolves when both have come to rest again. */
export async function joinOnce(pair: Pair): Promise<SingleJoin> {
  const { client, namespace } = pair.secondary
  await untilAtRest(pair)
  const from = await markBoth(pair)
  const joined = await watchForJoined(pair.secondary)
  const data = encodeSecretData({ endpoint: pair.endpoint, token: pair.token, clusterName })
  const mcJoin = { metadata: { namespace, name: mcJoinName }, data }
  const createdAt = now()
  const [joinedAt] = await Promise.all([joined(), client.create<Secret>(secretKind, mcJoin, { fieldManager })])
  return { createdAt, joinedAt, requests: await requestsAtRest(pair, from) }
}

/** Disconnects the cluster, and takes away what would make it the same cluster at the next join: its key. */
export async function forget(pair: Pair): Promise<void> {
  const { primary, secondary } = pair
  const { client, namespace } = secondary
  // With it still there, the cluster would join again.
  await client.delete(secretKind, { namespace, name: mcJoinName })
  await untilAtRest(pair)
  await primary.client.delete(clusterKind, { namespace: primary.namespace, name: clusterName })
  for (const kind of [clusterKind, bootstrapKind])
    await until(`the ${kind.kind} has gone`, async () => isGone(primary, kind, clusterName))
  await makeItBeat(secondary)
  await until('the secondary knows', async () => isGone(secondary, secretKind, mcClusterInfoName))
  await untilAtRest(pair)
  await client.delete(configMapKind, { namespace, name: mcJoinConfigName })
  for (const name of [mcJoinStatusName, mcIdentityName]) await client.delete(secretKind, { namespace, name })
  await untilAtRest(pair)
}

/** A member that is given another permission makes use of it at once, and not only when its interval has passed. */
async function makeItBeat({ client, namespace }: Side): Promise<void> {
  const data = { 'allow-insecure-primary-ingress': 'true' }
  await client.create<ConfigMap>(
    configMapKind,
    { metadata: { namespace, name: mcJoinConfigName }, data },
    { fieldManager },
  )
}

async function untilAtRest(pair: Pair): Promise<void> {
  await requestsAtRest(pair, await markBoth(pair))
}

async function isGone({ client, namespace }: Side, kind: Kind, name: string): Promise<true | undefined> {
  return (await client.get(kind, { namespace, name })) === undefined ? true : undefined
}

/** Opens the watch; what it gives waits for `Joined`, and for the moment at which that is told. */
async function watchForJoined({ client, namespace }: Side): Promise<() => Promise<number>> {
  const selection = { namespace, fieldSelector: `metadata.name=${mcJoinStatusName}` }
  const { resourceVersion } = await client.list(secretKind, selection)
  const events = await client.watch(secretKind, { ...selection, resourceVersion, ...limits() })
  return async () => {
    for await (const { object } of events) {
      const { status, msg } = decodeJoinStatus(object.data) ?? {}
      if (status === 'Joined') return now()
      if (status === 'Rejected') throw new Error(`the join was refused: ${msg}`)
    }
    throw new Error('the watch of mc-join-status ended')
  }
}

function limits(): { timeoutSeconds: number; signal: AbortSignal } {
  return { timeoutSeconds: hangLimit / 1000, signal: AbortSignal.timeout(hangLimit) }
}

interface Marks {
  readonly primary: number
  readonly secondary: number
}

async function markBoth({ primary, secondary }: Pair): Promise<Marks> {
  return {
    primary: await primary.controlPlane.auditLog.mark(),
    secondary: await secondary.controlPlane.auditLog.mark(),
  }
}

/** What the user and the roles have asked since the marks, as soon as nothing more has come for a while. */
async function requestsAtRest(pair: Pair, from: Marks): Promise<readonly SidedRequest[]> {
  for (let seen = -1; ; ) {
    const requests = [
      ...(await requestsOf('primary', pair.primary, from.primary)),
      ...(await requestsOf('secondary', pair.secondary, from.secondary)),
    ]
    if (requests.length === seen) return requests.toSorted((a, b) => a.receivedAt - b.receivedAt)
    seen = requests.length
    await systemClock.sleep(quietFor)
  }
}

async function requestsOf(side: SidedRequest['side'], { controlPlane, user }: Side, mark: number) {
  const events = await controlPlane.auditLog.since(mark)
  const own = events.filter((event) => (event.user === user ? isForSomebody(event) : isTheUsers(event)))
  return own.map((event) => ({ ...event, side }))
}

/** The lease is renewed by the clock, and a watch is open for minutes: neither is anybody's join. */
function isForSomebody({ verb, resource }: AuditEvent): boolean {
  return resource !== 'leases' && verb !== 'watch'
}

function isTheUsers({ verb, name }: AuditEvent): boolean {
  return verb === 'create' && name === mcJoinName
}

/** By the wall clock, as the API servers keep it, and finer than its own milliseconds. */
function now(): number {
  return performance.timeOrigin + performance.now()
}
