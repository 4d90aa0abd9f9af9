/**
 * Leader election over one Lease: waits for it, keeps it renewed while the work runs, gives it back at the end. It
 * decides who works, never what the work is; whoever loses the lease must end the process.
 */
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { KubeClient } from './client.ts'
import { isConflict, isNotFound, KubeApiError } from './errors.ts'
import { type Lease, leaseKind, microTime } from './objects.ts'
import { untilAborted } from './until-aborted.ts'

export interface LeaderDeps {
  readonly client: Pick<KubeClient, 'get' | 'apply' | 'replace'>
  readonly namespace: string
  readonly lease: string
  /** Who we are among the candidates. A lease that already names us is ours: a container restarted in its pod. */
  readonly identity: string
  readonly clock: Clock
  readonly log: Logger
}

/** client-go's defaults. Others wait this long after the last change they have seen. */
export const leaseDurationMs = 15_000
/** A holder that could not renew for this long has lost, well before another may think so. */
const renewDeadlineMs = 10_000
const retryPeriodMs = 2_000
const fieldManager = 'leader-election'

interface Hold {
  readonly lease: Lease
  /** When we asked for its last change, not when the answer came: others may count from any moment between the two. */
  readonly since: number
}

/**
 * Waits to become leader, then runs `lead`, whose signal aborts on a stop and on a lost lease. Gives `stopped` after
 * `lead` has ended and the lease has been given back, and `lost` at once, without waiting for `lead`: somebody else may
 * be working already. Rejects with what `lead` throws.
 */
export async function runAsLeader(
  deps: LeaderDeps,
  lead: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<'stopped' | 'lost'> {
  const bound = { ...deps, log: deps.log.child({ lease: deps.lease, identity: deps.identity }) }
  const claimed = await acquire(bound, signal)
  if (claimed === undefined) return 'stopped'
  bound.log.info({}, 'became leader')

  const leading = new AbortController()
  const stop = () => leading.abort(signal.reason)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  const ended = new AbortController()
  const work = lead(leading.signal)
  const end = () => ended.abort()
  void work.then(end, end)

  // Renewed until the work has ended, not until the stop: a drain may take longer than the lease lasts.
  const kept = await keep(bound, claimed, ended.signal)
  signal.removeEventListener('abort', stop)
  if (kept === undefined) {
    leading.abort(new Error('the lease is lost'))
    bound.log.error({}, 'lost the lease')
    return 'lost'
  }
  await release(bound, kept)
  await work
  return 'stopped'
}

/** The hold on the Lease with our name in it, or undefined when stopped first. */
async function acquire(deps: LeaderDeps, signal: AbortSignal): Promise<Hold | undefined> {
  const { client, namespace, lease: name, identity, clock, log } = deps
  /** The last change seen and when, by our own clock: those of other machines may be wrong. */
  let seen: { version: string; at: number } | undefined
  let failing = false

  async function look(signal: AbortSignal): Promise<Lease> {
    // An apply, because rights limited by name cannot cover a create. It names no holder, so it can take nothing away.
    return (
      (await client.get(leaseKind, { namespace, name }, { signal })) ??
      client.apply(leaseKind, { metadata: { namespace, name } }, { fieldManager, signal })
    )
  }

  while (!signal.aborted) {
    let wait = retryPeriodMs
    try {
      // On a connection that has fallen silent an answer would be waited for much longer.
      const lease = await within(clock, renewDeadlineMs, async (late) => look(AbortSignal.any([signal, late])))
      const version = lease.metadata.resourceVersion ?? ''
      seen = seen?.version === version ? seen : { version, at: clock.monotonic() }
      const holder = lease.spec?.holderIdentity ?? ''
      const lasts = (lease.spec?.leaseDurationSeconds ?? 0) * 1000
      const free = holder === '' || holder === identity || clock.monotonic() - seen.at >= lasts
      if (free) return await claim(deps, lease)
      failing = false
    } catch (err) {
      if (signal.aborted) break
      wait = Math.max(wait, askedToWait(err))
      // A conflict only means that another candidate was faster.
      if (failing || isConflict(err)) log.debug({ err }, 'cannot take the lease')
      else log.warn({ err }, 'cannot take the lease')
      failing = true
    }
    await pause(clock, wait * (1 + Math.random() / 5), signal)
  }
  return undefined
}

/** Renews until `ended`, then gives the last state of the Lease; undefined as soon as it is lost. */
async function keep(deps: LeaderDeps, claimed: Hold, ended: AbortSignal): Promise<Lease | undefined> {
  const { clock, log } = deps
  let hold = claimed
  let next = hold.since + retryPeriodMs
  while (true) {
    const deadline = hold.since + renewDeadlineMs
    await pause(clock, Math.min(next, deadline) - clock.monotonic(), ended)
    const { lease } = hold
    if (ended.aborted) return lease
    const since = clock.monotonic()
    if (since >= deadline) return undefined
    next = since + retryPeriodMs
    try {
      const spec = { renewTime: microTime(clock.now()) }
      const renewed = await within(clock, deadline - since, async (signal) => write(deps, lease, spec, signal))
      if (renewed === undefined) return undefined
      hold = { lease: renewed, since }
    } catch (err) {
      // However long the server wishes to be left alone, there is one more try before the lease is lost.
      next = since + Math.max(retryPeriodMs, Math.min(askedToWait(err), deadline - retryPeriodMs - since))
      log.debug({ err }, 'cannot renew the lease')
    }
  }
}

/** Writes into the Lease that we hold; gives undefined where it names somebody else or is gone. */
async function write(
  { client, namespace, lease: name, identity }: LeaderDeps,
  lease: Lease,
  spec: NonNullable<Lease['spec']>,
  signal: AbortSignal,
): Promise<Lease | undefined> {
  const put = async (held: Lease) => client.replace(leaseKind, withSpec(held, spec), { fieldManager, signal })
  try {
    return await put(lease)
  } catch (err) {
    if (!isConflict(err) && !isNotFound(err)) throw err
    // Our own last write may have been stored and its answer lost, or somebody else has touched it: a user with a
    // label, a candidate that saw no Lease and then applied one.
    const current = await client.get(leaseKind, { namespace, name }, { signal })
    return current?.spec?.holderIdentity === identity ? put(current) : undefined
  }
}

/** Lets the next candidate start at once; where it fails, that one waits until the lease has run out. */
async function release(deps: LeaderDeps, lease: Lease): Promise<void> {
  const { clock, log } = deps
  const spec = { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(clock.now()) }
  try {
    const given = await within(clock, retryPeriodMs, async (signal) => write(deps, lease, spec, signal))
    if (given !== undefined) log.info({}, 'gave the lease back')
  } catch (err) {
    log.info({ err }, 'could not give the lease back')
  }
}

/** Puts our name into the Lease; throws where another was faster, or no answer came while it would be worth something. */
async function claim({ client, identity, clock }: LeaderDeps, lease: Lease): Promise<Hold> {
  const now = microTime(clock.now())
  const { holderIdentity, leaseTransitions = 0 } = lease.spec ?? {}
  const claimed = withSpec(lease, {
    holderIdentity: identity,
    leaseDurationSeconds: leaseDurationMs / 1000,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: holderIdentity === identity ? leaseTransitions : leaseTransitions + 1,
  })
  const since = clock.monotonic()
  // Not ended by a stop: a claim that is stored and forgotten would keep everybody waiting.
  const stored = await within(clock, renewDeadlineMs, async (signal) =>
    client.replace(leaseKind, claimed, { fieldManager, signal }),
  )
  return { lease: stored, since }
}

function withSpec(lease: Lease, spec: NonNullable<Lease['spec']>): Lease {
  return { ...lease, spec: { ...lease.spec, ...spec } }
}

/** What `attempt` gives; rejects after `ms`, when its signal aborts, whether it heeds that or not. */
async function within<R>(clock: Clock, ms: number, attempt: (signal: AbortSignal) => Promise<R>): Promise<R> {
  const limit = new AbortController()
  const cancel = clock.after(ms, () => limit.abort(new Error('no answer in time')))
  try {
    return await untilAborted(attempt(limit.signal), limit.signal)
  } finally {
    cancel()
  }
}

/** How long the API server has asked to be left alone, milliseconds; whoever stays away for longer is taken for dead. */
function askedToWait(err: unknown): number {
  return err instanceof KubeApiError ? Math.min(err.retryAfterMs ?? 0, renewDeadlineMs) : 0
}

/** Waits; an abort ends the wait and is for the caller to see. */
async function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  await clock.sleep(ms, signal).catch(() => undefined)
}
