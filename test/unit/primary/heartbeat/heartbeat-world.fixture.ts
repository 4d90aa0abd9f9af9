/** A heartbeat service over an API server in memory: Clusters, tombstones and what is confirmed are stored and found. */

import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import type { Labels } from '../../../../src/api/labels.ts'
import { runId } from '../../../../src/api/sightings.ts'
import type { EventInput } from '../../../../src/kube/events.ts'
import { configMapKind, formatKey } from '../../../../src/kube/objects.ts'
import type { Contact } from '../../../../src/primary/cluster/health.decide.ts'
import { createSightings } from '../../../../src/primary/cluster/sightings.ts'
import { createSuspect } from '../../../../src/primary/cluster/suspect.ts'
import { createTombstones } from '../../../../src/primary/cluster/tombstones.ts'
import { clusterIndexes, createClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { createBootIds } from '../../../../src/primary/heartbeat/boot-ids.ts'
import { createConfirmation } from '../../../../src/primary/heartbeat/confirmation.ts'
import { createHeartbeatService } from '../../../../src/primary/heartbeat/heartbeat-service.ts'
import type { Elsewhere } from '../../../../src/primary/heartbeat/runs.decide.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createMemberDesk } from '../../../../src/primary/member/member-desk.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import type { Keyring } from '../../../../src/protocol/keyring.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { createNonce, memberContext } from '../../../../src/protocol/nonce.ts'
import { signPossession } from '../../../../src/protocol/possession-proof.ts'
import { type Heartbeat, openReply, type Reply, replyAnswerSchema } from '../../../../src/protocol/reply.ts'
import { heartbeatPath } from '../../../../src/protocol/wire.ts'
import { keyringOf, lookUpIn } from '../../../support/keyring.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { at, cluster, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

const primaryKey = generateSigningKey()
export const issuer = createIssuer('uid-primary', primaryKey)
export const keyring = keyringOf(issuer)
export const healthy = { versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }

/** A cluster that beats: what it claims, and the key that it signs with. */
export interface Beater {
  readonly name: string
  readonly uid: string
  readonly key: SigningKey
}

export const beater = (fields: Partial<Beater> = {}): Beater => ({
  name: 'east',
  uid: 'uid-east',
  key: generateSigningKey(),
  ...fields,
})

export function heartbeatWorld() {
  let held = keyring
  const api = createMemoryApi()
  const clock = createManualClock({ now: noon })
  const { client } = api
  const clusters = createClusterLookup({ client, informer: api.cache(clusterKind, clusterIndexes), namespace })
  const tombstones = createTombstones({
    client,
    informer: api.cache(configMapKind),
    events: { record: () => undefined },
    namespace,
    clock,
  })
  const told = new Map<string, Contact>()
  const elsewhere = new Map<string, Elsewhere>()
  const sightings = createSightings(clock, (uid) => told.get(uid))
  const news: string[] = []
  const labels: [clusterName: string, reported: Labels][] = []
  const own = { uid: issuer.uid, versions: healthy.versions }
  const confirmation = createConfirmation({
    client,
    clusters,
    sightings,
    own: () => own,
    interval: () => 20_000,
    followed: { longest: () => 20_000 },
    onNews: (key) => news.push(formatKey(key)),
    pace: createBuckets({ burst: 3, perSecond: 1 / 30 }, clock),
    clock,
  })
  const desk = createMemberDesk({
    keyring: () => held,
    issuerNamed: async (kid) => lookUpIn(held)(kid),
    pace: createBuckets({ burst: 5, perSecond: 1 }, clock),
    clock,
  })
  const events: EventInput[] = []
  const recorder = { record: (event: EventInput) => void events.push(event), flush: async () => undefined }
  const suspect = createSuspect({
    client,
    clusters,
    events: recorder,
    pace: createBuckets({ burst: 3, perSecond: 1 / 30 }, clock),
    clock,
    log: silentLog,
  })
  const service = createHeartbeatService({
    desk,
    serving: () => ({
      keyring: held,
      name: 'primary-cluster-1',
      endpoint: 'https://primary.example.com',
      interval: 20_000,
    }),
    interval: () => 20_000,
    clusters,
    tombstones,
    confirmation,
    bootIds: createBootIds(clock),
    elsewhere: (uid) => elsewhere.get(uid),
    suspect,
    clock,
    labels: { reported: ({ metadata }, reported) => labels.push([metadata.name, reported]) },
  })
  const memberOf = ({ uid, key }: Beater) => ({
    uid,
    keyId: key.thumbprint,
    publicKey: key.x,
    since: at(noon),
    tokenId: 'AAAAAAAAAAAAAAAA',
  })
  const tokenOf = async ({ name, uid, key }: Beater, signer = issuer) =>
    signMembershipToken(signer, { clusterName: name, uid, thumbprint: key.thumbprint }, clock.now())

  return {
    api,
    clock,
    service,
    sightings,
    clusters,
    tombstones,
    confirmation,
    /** What was recorded, and where to. */
    events,
    recorder,
    suspect,
    news,
    labels,
    tokenOf,
    /** From now on the primary holds these keys. */
    hold: (keys: Keyring): void => {
      held = keys
    },
    /** Another replica tells which run of it has sent a heartbeat at this moment, so many milliseconds ago. */
    tellRun: ({ uid, key }: Beater, boot: string, age: number) =>
      elsewhere.set(uid, { run: runId(key.thumbprint, boot), age }),
    /** Another replica tells of a heartbeat of this moment. */
    tell: (uid: string, heartbeat: Heartbeat) => told.set(uid, { at: clock.now(), age: 0, gap: Infinity, heartbeat }),
    clusterOf: (beats: Beater, more: Partial<Cluster['metadata']> = {}, spec: object = {}): Cluster =>
      cluster(beats.name, { spec: { member: { ...memberOf(beats), ...spec } }, metadata: more }),
    /** A request of this cluster; everything of it may be replaced. */
    async requestOf(
      beats: Beater,
      fields: {
        token?: string
        nonce?: string
        body?: string
        signedBody?: string
        path?: string
        as?: string
        boot?: string
      } = {},
    ) {
      const token = fields.token ?? (await tokenOf(beats))
      const body = fields.body ?? JSON.stringify(healthy)
      const nonce =
        fields.nonce ?? createNonce(issuer.nonceKey, memberContext(issuer.uid, beats.key.thumbprint), clock.now())
      const path = fields.path ?? heartbeatPath(beats.name)
      const proof = await signPossession(
        beats.key,
        { path, token, body: fields.signedBody ?? body },
        { nonce, boot: fields.boot ?? 'b' },
      )
      return { clusterName: fields.as ?? beats.name, token, proof, body: Buffer.from(body) }
    },
    /** The reply to a heartbeat, believed only where the primary has signed it for this very request. */
    async beat(
      beats: Beater,
      fields: { token?: string; boot?: string; named?: SigningKey } = {},
    ): Promise<Reply & { http: number }> {
      await clock.advance(1_000)
      const { named, ...others } = fields
      const body = JSON.stringify({ ...healthy, kid: named?.thumbprint })
      const request = await this.requestOf(beats, { ...others, body })
      const answer = await service.heartbeat(request)
      const { reply } = replyAnswerSchema.parse(answer.body)
      const expected = {
        proof: request.proof,
        thumbprint: beats.key.thumbprint,
        primaryUid: issuer.uid,
        primaryKey: named ?? primaryKey,
      }
      return { ...(await openReply(reply, expected)), http: answer.status }
    },
  }
}
