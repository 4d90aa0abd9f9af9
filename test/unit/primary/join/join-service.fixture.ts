/** A join service over a world of one token and no clusters, and what a joiner sends it. */

import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import type { KubeClient } from '../../../../src/kube/client.ts'
import type { Informer } from '../../../../src/kube/informer.ts'
import type { KubeObject, Secret } from '../../../../src/kube/objects.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import type { Tombstones } from '../../../../src/primary/cluster/tombstones.ts'
import type { ClusterLookup } from '../../../../src/primary/cluster-lookup.ts'
import { createJoinService, type JoinService } from '../../../../src/primary/join/join-service.ts'
import { createNamedOnce } from '../../../../src/primary/join/named-once.ts'
import type { TokenSource } from '../../../../src/primary/join/token-source.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createGate } from '../../../../src/primary/load/gate.ts'
import { askForChallenge, openChallenge } from '../../../../src/protocol/challenge.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { signJoinRequest } from '../../../../src/protocol/join-request.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { generateExchangeKey } from '../../../../src/protocol/seal.ts'
import { issueToken, type JoinToken, parseToken } from '../../../../src/protocol/token.ts'
import { keyringOf, lookUpIn } from '../../../support/keyring.ts'
import { at, k10, namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

const primaryKey = generateSigningKey()
export const issuer = createIssuer('uid-primary', primaryKey)
const keyring = keyringOf(issuer)
export const endpoint = 'https://primary.example.com'
const issued = issueToken({ uid: issuer.uid, key: primaryKey, endpoints: [endpoint] })
const token = parseToken(issued.text.reveal())

/** A primary with one token that has these annotations; counts what it asks of the API server. */
export function primaryWith(more: Record<string, string> = {}, tokens: Partial<TokenSource> = {}, taken?: Cluster) {
  const made = { [annotations.tokenId]: issued.id, [annotations.tokenPublicKey]: issued.publicKey.x, ...more }
  const metadata = { name: 'token', namespace, uid: 'object-token', creationTimestamp: at(noon), annotations: made }
  const known = { id: issued.id, publicKey: issued.publicKey, secret: { type: joinTokenType, metadata } as Secret }
  let admissions = 0
  const lines: string[] = []
  const service = createJoinService({
    client: {
      async create<T extends KubeObject>(kind: { kind: string }, object: T) {
        if (kind.kind === clusterKind.kind) admissions += 1
        return object
      },
    } as unknown as KubeClient,
    bootstraps: { by: () => [], get: () => undefined } as unknown as Informer<never>,
    recordPace: createBuckets({ burst: 3, perSecond: 1e-6 }, systemClock),
    namespace,
    primaryUid: issuer.uid,
    tokens: { cached: () => known, live: async () => known, reread: async () => known, ...tokens },
    clusters: {
      named: (name: string) => (name === taken?.metadata.name ? taken : undefined),
      byUid: () => undefined,
      byKey: () => undefined,
      live: async (name: string): Promise<Cluster | undefined> => (name === taken?.metadata.name ? taken : undefined),
    } as unknown as ClusterLookup,
    tombstones: { forget: async () => undefined, findLive: async () => undefined } as unknown as Tombstones,
    suspect: async () => undefined,
    serving: () => ({ keyring, name: 'primary-cluster-1', endpoint, interval: 20_000 }),
    issuerNamed: lookUpIn(keyring),
    waitingPlaces: { take: () => true },
    journal: {
      admitted: () => undefined,
      waits: () => undefined,
      rebound: () => undefined,
      returns: () => undefined,
      flush: () => undefined,
    },
    named: createNamedOnce(),
    gate: createGate({ working: 64, waiting: 256 }),
    pace: createBuckets({ burst: 5, perSecond: 1e-6 }, systemClock),
    spki: () => [],
    clock: systemClock,
    log: { ...silentLog, info: (_fields, message) => lines.push(message) },
  })
  return { service, admissions: () => admissions, lines }
}

/** The body of a join by this key, after a challenge of its own. */
export async function joinBody(service: JoinService, key: SigningKey, joinToken = token): Promise<{ request: string }> {
  const { primaryKey: trusted, primaryUid, id } = joinToken
  const question = askForChallenge({ tokenId: id, primaryKey: trusted, thumbprint: key.thumbprint })
  const { challenge } = (await service.challenge(question)).body as { challenge: string }
  const opened = await openChallenge(challenge, { request: question, primaryUid, primaryKey: trusted })
  const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }
  const joiner = { key, uid: crypto.randomUUID(), name: 'east', k10, versions }
  const exchange = {
    token: joinToken,
    challenge: opened,
    exchangeKey: generateExchangeKey().publicKey,
    now: Date.now(),
  }
  return { request: await signJoinRequest(joiner, exchange) }
}

/** A token of this primary that it has never stored. */
export function foreignToken(): JoinToken {
  return parseToken(issueToken({ uid: issuer.uid, key: primaryKey, endpoints: [endpoint] }).text.reveal())
}
