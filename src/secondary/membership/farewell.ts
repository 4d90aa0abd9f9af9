/**
 * Tells the primary that this cluster is no member any more: because it leaves, or because it has heard that it was
 * disconnected. Best effort, with an end: nobody is kept in a membership because the primary cannot be reached.
 */
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { leavePath } from '../../protocol/wire.ts'
import type { Member } from './member.ts'
import { type MemberLine, type MemberLineDeps, openMemberLine } from './member-line.ts'

export interface FarewellDeps extends MemberLineDeps {
  readonly clock: Clock
}

export interface Farewell {
  /** Why the primary could not be told; undefined where it was. Rejects with the signal's reason when that is aborted. */
  tell(
    member: Member,
    context: { readonly log: Logger; readonly signal: AbortSignal },
  ): Promise<ProtocolError | undefined>
}

/**
 * Before each try, milliseconds. Together they are longer than the clocks of two replicas may differ: so long a primary
 * turns away who has only just joined.
 */
const pauses = [0, 1_000, 2_000, 4_000] as const
/** All tries together end after this, milliseconds. */
export const farewellTimeout = 30_000

export function createFarewell(deps: FarewellDeps): Farewell {
  return {
    async tell(member, { log, signal }) {
      const { endpoint } = member.info.membership
      const patience = new AbortController()
      const late = new ProtocolError('ConnectTimeout', `the primary did not answer within 30 s at ${endpoint}`)
      const cancel = deps.clock.after(farewellTimeout, () => patience.abort(late))
      const line = openMemberLine(deps, member)
      try {
        const failure = await tryTo(deps.clock, AbortSignal.any([signal, patience.signal]), async (limited) =>
          tellOnce(line, member, limited),
        )
        signal.throwIfAborted()
        log.debug({ code: failure?.code }, 'told the primary that this cluster is no member any more')
        return failure
      } finally {
        cancel()
        line.close()
      }
    },
  }
}

/** The failure of the last try; undefined as soon as one succeeds. */
async function tryTo(
  clock: Clock,
  signal: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<ProtocolError | undefined>,
): Promise<ProtocolError | undefined> {
  let failure: ProtocolError | undefined
  for (const pause of pauses) {
    try {
      await clock.sleep(pause, signal)
      return await attempt(signal)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      failure = error
    }
  }
  return failure
}

/** A signed reply ends the tries, whatever it says. */
async function tellOnce(line: MemberLine, member: Member, signal: AbortSignal): Promise<ProtocolError | undefined> {
  const { clusterName, endpoint } = member.info.membership
  const question = { path: leavePath(clusterName), body: {} }
  const { reply } = await line.ask(question, endpoint, signal)
  switch (reply.status) {
    case 'ok':
    case 'Disconnected':
    case 'UnknownCluster':
      return undefined
    case 'KeyMismatch':
      return new ProtocolError('KeyMismatch')
  }
}
