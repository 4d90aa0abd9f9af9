/** A heartbeat service that keeps nothing and knows the members it is given, and requests to it. */

import type { Cluster } from '../../../../src/api/cluster.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createHeartbeatService, type HeartbeatDeps } from '../../../../src/primary/heartbeat/heartbeat-service.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createMemberDesk } from '../../../../src/primary/member/member-desk.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { createNonce, memberContext } from '../../../../src/protocol/nonce.ts'
import { signPossession } from '../../../../src/protocol/possession-proof.ts'
import { heartbeatPath } from '../../../../src/protocol/wire.ts'
import { keyringOf, lookUpIn } from '../../../support/keyring.ts'

const primaryKey = generateSigningKey()
export const issuer = createIssuer('uid-primary', primaryKey)
const keyring = keyringOf(issuer)
const body = Buffer.from('{"versions":{"operator":"0.1.0","kubernetes":"v1.36.3"},"health":"ok"}')

/** A primary with this Cluster, if any; `looks` is what it has asked the API server for. */
export function primaryWith(east?: Cluster, deps: Partial<HeartbeatDeps> = {}) {
  const pace = createBuckets({ burst: 5, perSecond: 1e-6 }, systemClock)
  const looks: string[] = []
  const look = (what: string) => async () => {
    looks.push(what)
    return undefined
  }
  const service = createHeartbeatService({
    desk: createMemberDesk({ keyring: () => keyring, issuerNamed: lookUpIn(keyring), pace, clock: systemClock }),
    serving: () => ({ keyring, name: 'primary-cluster-1', endpoint: 'https://primary.example.com', interval: 20_000 }),
    interval: () => 20_000,
    clusters: {
      named: () => east,
      live: look('cluster'),
      hasElder: async () => false,
    },
    tombstones: { cached: () => undefined, findLive: look('tombstone') },
    confirmation: { heard: async () => undefined },
    bootIds: { heard: () => false },
    elsewhere: () => undefined,
    suspect: async () => undefined,
    clock: systemClock,
    labels: { reported: () => undefined },
    ...deps,
  })
  return { service, looks }
}

/** A heartbeat of east by this key; with a fresh nonce unless one is given. */
export async function heartbeatBy(key: SigningKey, options: { signer?: typeof issuer; nonce?: string } = {}) {
  const { thumbprint } = key
  const member = { clusterName: 'east', uid: 'uid-east', thumbprint }
  const token = await signMembershipToken(options.signer ?? issuer, member, Date.now())
  const nonce = options.nonce ?? freshNonce(key, Date.now())
  const proof = await signPossession(key, { path: heartbeatPath('east'), token, body }, { nonce, boot: 'boot' })
  return { clusterName: 'east', token, proof, body }
}

export function freshNonce({ thumbprint }: SigningKey, madeAt: number): string {
  return createNonce(issuer.nonceKey, memberContext(issuer.uid, thumbprint), madeAt)
}
