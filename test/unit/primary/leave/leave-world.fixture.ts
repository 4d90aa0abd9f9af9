/** A leave service beside the heartbeats of a primary in memory, and requests to it. */

import { createLeaveService } from '../../../../src/primary/leave/leave-service.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createMemberDesk } from '../../../../src/primary/member/member-desk.ts'
import { openReply, type Reply, replyAnswerSchema } from '../../../../src/protocol/reply.ts'
import { leavePath } from '../../../../src/protocol/wire.ts'
import { lookUpIn } from '../../../support/keyring.ts'
import { type Beater, heartbeatWorld, issuer, keyring } from '../heartbeat/heartbeat-world.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

export type LeaveWorld = ReturnType<typeof leaveWorld>

export function leaveWorld() {
  const world = heartbeatWorld()
  const { api, clock, clusters, tombstones, suspect, recorder } = world
  /** Several are replicas: each remembers by itself which nonces it has heard. */
  const replica = () =>
    createLeaveService({
      client: api.client,
      desk: createMemberDesk({
        keyring: () => keyring,
        issuerNamed: lookUpIn(keyring),
        pace: createBuckets({ burst: 20, perSecond: 1 }, clock),
        clock,
      }),
      clusters,
      tombstones,
      events: recorder,
      suspect,
      interval: () => 20_000,
      clock,
      log: silentLog,
    })
  const service = replica()

  return {
    ...world,
    replica,
    service,
    /** A request to leave; everything of it may be replaced. */
    async leaveOf(beats: Beater, fields: Parameters<typeof world.requestOf>[1] = {}) {
      return world.requestOf(beats, { body: '{}', path: leavePath(beats.name), ...fields })
    },
    /** The reply, believed only where the primary has signed it for this very request; or the code of a refusal. */
    async answerTo(request: Awaited<ReturnType<typeof world.requestOf>>, by: Beater, at = service) {
      try {
        const answer = await at.leave(request)
        if ('code' in answer.body) return { code: answer.body.code, nonce: answer.nonce }
        const { reply } = replyAnswerSchema.parse(answer.body)
        const { thumbprint } = by.key
        return await openReply(reply, {
          proof: request.proof,
          thumbprint,
          primaryUid: issuer.uid,
          primaryKey: issuer.key,
        })
      } catch (error) {
        return { code: Reflect.get(error as object, 'code') as string }
      }
    },
    async leave(beats: Beater): Promise<Reply | { readonly code: string }> {
      return this.answerTo(await this.leaveOf(beats), beats)
    },
  }
}
