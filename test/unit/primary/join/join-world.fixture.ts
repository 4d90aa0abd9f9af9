/** A whole join service over an API server in memory: tokens, Clusters and tombstones are stored, found and refused. */

import assert from 'node:assert/strict'
import { bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import { configMapKind, type Secret, secretKind } from '../../../../src/kube/objects.ts'
import type { Clock } from '../../../../src/lib/clock.ts'
import { bootstrapIndexes } from '../../../../src/primary/bootstrap/precedence.ts'
import { createTombstones } from '../../../../src/primary/cluster/tombstones.ts'
import { clusterIndexes, createClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { createJoinService } from '../../../../src/primary/join/join-service.ts'
import { createNamedOnce } from '../../../../src/primary/join/named-once.ts'
import { createTokenSource, indexTokenId, tokenIdIndex } from '../../../../src/primary/join/token-source.ts'
import { createWaitingPlaces } from '../../../../src/primary/join/waiting-places.ts'
import { recordIssued } from '../../../../src/primary/join-token/issued-token.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createGate } from '../../../../src/primary/load/gate.ts'
import { newsLoad } from '../../../../src/primary/load/limits.ts'
import { askForChallenge, type Challenge, openChallenge } from '../../../../src/protocol/challenge.ts'
import type { K10 } from '../../../../src/protocol/fields.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { joinAnswerSchema, signJoinRequest } from '../../../../src/protocol/join-request.ts'
import { type JoinOutcome, openResult } from '../../../../src/protocol/join-result.ts'
import { signReturnRequest } from '../../../../src/protocol/join-return.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { generateExchangeKey } from '../../../../src/protocol/seal.ts'
import { issueToken, type JoinToken, parseToken } from '../../../../src/protocol/token.ts'
import { keyringOf, lookUpIn } from '../../../support/keyring.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { at, cluster, k10, namespace, noon } from '../objects.fixture.ts'

const primaryKey = generateSigningKey()
export const issuer = createIssuer('uid-primary', primaryKey)
const keyring = keyringOf(issuer)
const endpoint = 'https://primary.example.com'

/** What a cluster brings to a join; it may leave out its name. */
export interface Applicant {
  readonly key: SigningKey
  readonly uid: string
  readonly name?: string | undefined
  readonly k10?: K10
}

export const applicant = (fields: Partial<Applicant> = {}): Applicant => ({
  key: generateSigningKey(),
  uid: crypto.randomUUID(),
  name: 'east',
  ...fields,
})

/** A token of this primary, which it may have stored or not. */
export function issue() {
  const issued = issueToken({ uid: issuer.uid, key: primaryKey, endpoints: [endpoint] })
  return { issued, token: parseToken(issued.text.reveal()) }
}

export function joinWorld() {
  const api = createMemoryApi()
  const manual = createManualClock({ now: noon })
  /** Whoever sleeps moves time himself. */
  const clock: Clock = { ...manual, sleep: async (ms) => manual.advance(ms) }
  const { client } = api
  const { log, lines } = createRecordingLog()
  const admitted: string[] = []
  const waiting: string[] = []
  const rebound: string[] = []
  const suspected: string[] = []
  const returning: string[] = []
  const tokens = createTokenSource({
    client,
    informer: api.cache(secretKind, { [tokenIdIndex]: indexTokenId }),
    namespace,
    keyring: () => keyring,
    clock,
  })
  const tombstones = createTombstones({
    client,
    informer: api.cache(configMapKind),
    events: { record: () => undefined },
    namespace,
    clock,
  })
  const clusters = api.cache(clusterKind, clusterIndexes)
  const service = createJoinService({
    client,
    bootstraps: api.cache(bootstrapKind, bootstrapIndexes),
    recordPace: createBuckets(newsLoad, clock),
    namespace,
    primaryUid: issuer.uid,
    tokens,
    clusters: createClusterLookup({ client, informer: clusters, namespace }),
    tombstones,
    waitingPlaces: createWaitingPlaces({ clusters, clock }),
    suspect: async ({ metadata }, { reason }) => void suspected.push(`${metadata.name} ${reason}`),
    serving: () => ({ keyring, name: 'primary-cluster-1', endpoint, interval: 20_000 }),
    issuerNamed: lookUpIn(keyring),
    journal: {
      admitted: (_token, name) => admitted.push(name),
      waits: (_token, name) => waiting.push(name),
      returns: ({ metadata }) => returning.push(metadata.name),
      rebound: ({ metadata }) => rebound.push(metadata.name),
      flush: () => undefined,
    },
    named: createNamedOnce(),
    gate: createGate({ working: 64, waiting: 256 }),
    pace: createBuckets({ burst: 5, perSecond: 1 }, clock),
    spki: () => [],
    clock,
    log,
  })

  const askedBy = ({ key }: Applicant, token: JoinToken) =>
    askForChallenge({ tokenId: token.id, primaryKey: token.primaryKey, thumbprint: key.thumbprint })
  const challengeFor = async (asks: Applicant, token: JoinToken): Promise<Challenge> => {
    const request = askedBy(asks, token)
    const { challenge } = (await service.challenge(request)).body as { challenge: string }
    return openChallenge(challenge, { request, primaryUid: issuer.uid, primaryKey })
  }
  /** The request of a join, signed with this token whatever the challenge was asked for. */
  const requestOf = async (asks: Applicant, token: JoinToken, challenge: Challenge, signedWith = token) => {
    const exchangeKey = generateExchangeKey()
    const joiner = { k10, ...asks, versions: { operator: '0.1.0', kubernetes: 'v1.36.3' } }
    const signing = { ...signedWith, id: token.id }
    const exchange = { token: signing, challenge, exchangeKey: exchangeKey.publicKey, now: clock.now() }
    return { exchangeKey, request: await signJoinRequest(joiner, exchange) }
  }

  return {
    api,
    clock,
    advance: async (ms: number) => manual.advance(ms),
    service,
    tombstones,
    lines,
    admitted,
    waiting,
    rebound,
    suspected,
    returning,
    challengeFor,
    requestOf,
    /** Stores a token with these annotations, and the cache shows it. */
    storeToken(annotations: Record<string, string> = {}, madeAt = noon) {
      const { issued, token } = issue()
      const metadata = {
        name: `token-${issued.id.toLowerCase()}`,
        namespace,
        creationTimestamp: at(madeAt),
        annotations: { ...recordIssued(issuer, issued), ...annotations },
      }
      const secret = api.put<Secret>(secretKind, { type: joinTokenType, metadata })
      return { token, secret, text: issued.text.reveal() }
    },
    /** A member with this applicant's identity. */
    storeMember({ key, uid, name }: Applicant, more: Partial<Cluster['metadata']> = {}): Cluster {
      const member = { uid, keyId: key.thumbprint, publicKey: key.x, since: at(noon), tokenId: 'AAAAAAAAAAAAAAAA' }
      return api.put<Cluster>(clusterKind, cluster(name ?? 'east', { spec: { member }, metadata: more }))
    },
    /** The whole exchange, to an answer that need not be signed; what is, is believed only for this very request. */
    async ask(asks: Applicant, token: JoinToken, signedWith = token) {
      const challenge = await challengeFor(asks, token)
      const { request, exchangeKey } = await requestOf(asks, token, challenge, signedWith)
      const answer = await service.join({ request })
      async function open(): Promise<JoinOutcome & { httpStatus: number }> {
        const { result } = joinAnswerSchema.parse(answer.body)
        const echoes = { jkt: asks.key.thumbprint, sub: asks.uid, cn: challenge.cn, sn: challenge.sn }
        const expected = { echoes, request, primaryUid: issuer.uid, primaryKey, exchangeKey }
        const outcome = await openResult(result, expected)
        assert.equal(answer.status, outcome.kind === 'joined' ? 200 : 403)
        return { ...outcome, httpStatus: answer.status }
      }
      return { answer, open }
    },
    /** The body with which it comes back as the member that it was; `shown` is another token than its own. */
    async returnOf(asks: Applicant, shown?: string) {
      const { key, uid, name = 'east', k10: reported = k10 } = asks
      const question = askForChallenge({ tokenId: null, primaryKey, thumbprint: key.thumbprint })
      const { challenge } = (await service.challenge(question)).body as { challenge: string }
      const opened = await openChallenge(challenge, { request: question, primaryUid: issuer.uid, primaryKey })
      const exchangeKey = generateExchangeKey()
      const joiner = { key, uid, name, k10: reported, versions: { operator: '0.1.0', kubernetes: 'v1.36.3' } }
      const exchange = {
        challenge: opened,
        primaryUid: issuer.uid,
        exchangeKey: exchangeKey.publicKey,
        now: clock.now(),
      }
      const request = await signReturnRequest(joiner, exchange)
      const member = { clusterName: name, uid, thumbprint: key.thumbprint }
      const body = { request, token: shown ?? (await signMembershipToken(issuer, member, clock.now())) }
      const echoes = { jkt: key.thumbprint, sub: uid, cn: opened.cn, sn: opened.sn }
      const expected = { echoes, request, primaryUid: issuer.uid, primaryKey, exchangeKey }
      return { body, open: async (result: string) => openResult(result, expected) }
    },
    /** The code of the answer to its return, signed or not, or the name under which it is back. */
    async comeBack(asks: Applicant): Promise<string> {
      const { body, open } = await this.returnOf(asks)
      const answer = await service.join(body)
      api.sync()
      if ('code' in answer.body) return answer.body.code
      const outcome = await open(joinAnswerSchema.parse(answer.body).result)
      return outcome.kind === 'joined' ? outcome.membership.clusterName : outcome.refusal.code
    },
    async join(asks: Applicant, token: JoinToken, signedWith = token): Promise<JoinOutcome & { httpStatus: number }> {
      return (await this.ask(asks, token, signedWith)).open()
    },
  }
}
