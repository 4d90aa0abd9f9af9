/**
 * How a membership ends on this side: because the user wants to leave, or because the primary has disconnected this
 * cluster. Every step may be repeated; the one that ends with the order to repeat them comes last. The key stays.
 */
import { formatTimestamp } from '../../api/timestamp.ts'
import type { Outcome } from '../../kube/controller.ts'
import type { ProtocolError } from '../../protocol/errors.ts'
import type { IdentityKeeper } from '../identity/identity-keeper.ts'
import { withoutFormer, withoutMembership } from '../identity/own-identity.ts'
import type { Farewell } from '../membership/farewell.ts'
import type { HeartbeatKeeper } from '../membership/heartbeat.ts'
import { formerMemberOf, memberOf } from '../membership/member.ts'
import type { ObjectStore } from '../objects.ts'
import type { JoinDecision } from './join.decide.ts'
import { type LeavingDecision, leftStatement } from './leaving.decide.ts'
import type { Pass } from './pass.ts'

export interface DepartureDeps {
  readonly objects: ObjectStore
  readonly identity: IdentityKeeper
  readonly heartbeats: HeartbeatKeeper
  readonly farewell: Farewell
}

export interface Departure {
  /** The user wants to leave. */
  leave(pass: Pass, decision: LeavingDecision): Promise<Outcome>
  /** This cluster has become a member of another primary: the former one is told, and forgotten. */
  part(pass: Pass): Promise<Outcome>
  /** The primary has said that it has disconnected this cluster. */
  cleanUp(pass: Pass, decision: JoinDecision & { kind: 'clean-up' }): Promise<Outcome>
}

const now: Outcome = { kind: 'again', afterMs: 0 }

export function createDeparture({ objects: store, identity: keeper, heartbeats, farewell }: DepartureDeps): Departure {
  async function tell(pass: Pass): Promise<ProtocolError | undefined> {
    const member = memberOf(pass.identity, pass.content)
    return member === undefined ? undefined : farewell.tell(member, pass)
  }

  async function forgetMembership({ objects, identity }: Pass): Promise<void> {
    if (identity?.joined !== undefined) await keeper.store(objects.identity, withoutMembership(identity))
  }

  return {
    /** mc-cluster-info goes last: it carries the user's wish. */
    async leave(pass, { tells, says }) {
      const { objects, content, identity, status, log } = pass
      const member = identity?.joined?.membership
      const failure = tells ? await tell(pass) : undefined
      const asked = { hash: content.hash, isAsked: content.input !== undefined, member }
      if (says) await status.record(leftStatement(asked, failure))
      await forgetMembership(pass)
      await store.remove(objects.clusterInfo)
      log.info({ cluster: member?.clusterName, primary: member?.primaryName, code: failure?.code }, 'left')
      return now
    },

    /** Not told, that primary calls the cluster lost, and nothing else comes of it. */
    async part(pass) {
      const { identity, objects } = pass
      const former = formerMemberOf(identity, pass.content)
      if (identity === undefined || former === undefined) return now
      const { primaryName, clusterName } = former.info.membership
      const failure = await farewell.tell(former, pass)
      const fields = { primary: primaryName, cluster: clusterName, code: failure?.code }
      if (failure === undefined) pass.log.info(fields, 'left the former primary')
      else pass.log.warn(fields, 'the former primary was not told; delete the Cluster there')
      await keeper.store(objects.identity, withoutFormer(identity))
      return now
    },

    /** The membership in mc-identity goes last: until then a crash is made good by the next heartbeat. */
    async cleanUp(pass, { at, statement }) {
      const { objects, identity, status, log } = pass
      log.info({ at: formatTimestamp(at), cluster: identity?.joined?.membership.clusterName }, 'disconnected')
      if (statement !== undefined) await status.record(statement)
      await store.remove(objects.clusterInfo)
      await forgetMembership(pass)
      heartbeats.follow(undefined)
      // Not told, the primary remembers the disconnection for longer, and nothing else comes of it.
      await tell(pass)
      return now
    },
  }
}
