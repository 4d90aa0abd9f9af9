/** The heartbeats of one membership: what each says, and whether it was answered. What a reply means is decided in `heartbeat.decide.ts`. */
import { ProtocolError } from '../../protocol/errors.ts'
import type { HeartbeatBody } from '../../protocol/reply.ts'
import { heartbeatPath } from '../../protocol/wire.ts'
import type { Beat } from './heartbeat.decide.ts'
import type { Member } from './member.ts'
import { type MemberLineDeps, openMemberLine } from './member-line.ts'

/** A heartbeat, but for the key that the membership trusts. */
export type Report = Omit<HeartbeatBody, 'kid'>

export interface BeatDeps extends MemberLineDeps {
  /** What this cluster says of itself, at each beat. */
  readonly report: () => Report
}

export interface Heartbeats {
  /** Never rejects but with the signal's reason. `endpoint` is tried first: the one that answered last. */
  beat(endpoint: string | undefined, signal: AbortSignal): Promise<Beat>
  close(): void
}

export function openHeartbeats(deps: BeatDeps, member: Member, firstNonce: string | undefined): Heartbeats {
  const { clusterName } = member.info.membership
  const line = openMemberLine(deps, member, firstNonce)
  const path = heartbeatPath(clusterName)

  return {
    async beat(endpoint, signal) {
      const heartbeat: HeartbeatBody = deps.report()
      try {
        const question = { path, body: heartbeat }
        return { kind: 'answered', ...(await line.ask(question, endpoint, signal)) }
      } catch (error) {
        signal.throwIfAborted()
        if (error instanceof ProtocolError) return { kind: 'silent', error }
        throw error
      }
    },
    close: () => line.close(),
  }
}
