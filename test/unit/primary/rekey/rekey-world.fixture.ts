/** A service for other keys beside the heartbeats of a primary in memory, and requests to it. */
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { rekeyLoad } from '../../../../src/primary/load/limits.ts'
import { createMemberDesk } from '../../../../src/primary/member/member-desk.ts'
import { createRekeyService } from '../../../../src/primary/rekey/rekey-service.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { signRekeyRequest } from '../../../../src/protocol/rekey.ts'
import { openReply, type Reply, replyAnswerSchema } from '../../../../src/protocol/reply.ts'
import { rekeyPath } from '../../../../src/protocol/wire.ts'
import { lookUpIn } from '../../../support/keyring.ts'
import { type Beater, beater, heartbeatWorld, issuer, keyring } from '../heartbeat/heartbeat-world.fixture.ts'
import { namespace } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

export type RekeyWorld = ReturnType<typeof rekeyWorld>

export function rekeyWorld() {
  const world = heartbeatWorld()
  const { api, clock, clusters, tombstones, suspect, recorder } = world
  const service = createRekeyService({
    client: api.client,
    desk: createMemberDesk({
      keyring: () => keyring,
      issuerNamed: lookUpIn(keyring),
      pace: createBuckets({ burst: 50, perSecond: 1 }, clock),
      clock,
    }),
    clusters,
    tombstones,
    events: recorder,
    suspect,
    pace: createBuckets(rekeyLoad, clock),
    interval: () => 20_000,
    clock,
    log: silentLog,
  })

  async function rekeyOf(beats: Beater, next: SigningKey, fields: RekeyFields = {}) {
    const subject = { primaryUid: issuer.uid, uid: beats.uid, oldKeyId: beats.key.thumbprint }
    const request = fields.request ?? (await signRekeyRequest(next, subject, clock.now()))
    return world.requestOf(beats, { body: JSON.stringify({ request }), path: rekeyPath(beats.name), ...fields })
  }

  async function answerTo(request: Awaited<ReturnType<typeof rekeyOf>>, by: Beater) {
    try {
      const answer = await service.rekey(request)
      if ('code' in answer.body) return { code: answer.body.code }
      const { reply } = replyAnswerSchema.parse(answer.body)
      const expected = { proof: request.proof, primaryUid: issuer.uid, primaryKey: issuer.key }
      return await openReply(reply, { ...expected, thumbprint: by.key.thumbprint })
    } catch (error) {
      return { code: Reflect.get(error as object, 'code') as string, message: (error as Error).message }
    }
  }

  return {
    ...world,
    service,
    /** A replica that has not heard what the service for other keys has. */
    heartbeats: world.service,
    rekeyOf,
    answerTo,
    /** The reply to a request for this key, or the code of a refusal. */
    async rekey(beats: Beater, next: SigningKey, fields?: RekeyFields): Promise<Refused | Reply> {
      await clock.advance(1_000)
      return answerTo(await rekeyOf(beats, next, fields), beats)
    },
    stored: () => api.stored<Cluster>(clusterKind, 'east', namespace),
    /** The suspicion that the Cluster shows. */
    suspicion(): string | undefined {
      return this.stored()?.status?.conditions?.find(({ type }) => type === 'CloneSuspected')?.reason
    },
  }
}

type Refused = { readonly code: string; readonly message?: string }
type RekeyFields = Parameters<ReturnType<typeof heartbeatWorld>['requestOf']>[1] & { readonly request?: string }

/** A member that has been heard, and the world that it is in. */
export async function confirmedMember() {
  const world = rekeyWorld()
  await world.tombstones.prepare()
  const east = beater()
  world.api.put(clusterKind, world.clusterOf(east))
  await world.beat(east)
  world.api.sync()
  return { world, east, next: generateSigningKey() }
}
