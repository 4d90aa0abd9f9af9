import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { annotations } from '../../../src/api/group.ts'
import { decodeJoinTokenData, encodeJoinTokenData } from '../../../src/api/join-token-secret.ts'
import { decodeClusterInfo, encodeClusterInfo } from '../../../src/api/mc-cluster-info.ts'
import { decodeIdentity, encodeIdentity } from '../../../src/api/mc-identity.ts'
import type { StoredMembership } from '../../../src/api/membership.ts'
import {
  decodePrimaryIdentity,
  encodePrimaryIdentity,
  patchPrimaryIdentity,
  readCompromised,
} from '../../../src/api/primary-identity.ts'
import { decodeTlsPair, encodeTlsPair } from '../../../src/api/primary-tls.ts'
import { Redacted } from '../../../src/lib/redacted.ts'
import { generateSigningKey, toPrivatePem } from '../../../src/protocol/keys.ts'

const text = (value: string | undefined) => Buffer.from(value ?? '', 'base64').toString('utf8')
const primaryKey = generateSigningKey()

const membership: StoredMembership = {
  primaryUid: 'uid-of-primary',
  primaryName: 'primary-cluster-1',
  clusterName: 'edge-1',
  dialect: 'first',
  endpoint: 'https://primary/k10',
  endpoints: ['https://primary/k10', 'https://other'],
  keys: { current: { kid: primaryKey.thumbprint, x: primaryKey.x } },
}
const info = { membership, token: new Redacted('communication-token') }

function asSecret(encoded: ReturnType<typeof encodeIdentity>) {
  return { metadata: { annotations: encoded.annotations }, data: encoded.data }
}

describe('mc-cluster-info', () => {
  it('has the keys of the first dialect', () => {
    const data = encodeClusterInfo(info)
    assert.deepEqual(Object.keys(data).toSorted(), [
      'clusterName',
      'endpoint',
      'membership',
      'primary',
      'primaryName',
      'primaryPublicKey',
      'token',
    ])
    assert.equal(text(data['primary']), 'false')
    assert.equal(text(data['clusterName']), 'edge-1')
    assert.equal(text(data['endpoint']), 'https://primary/k10')
    assert.equal(text(data['token']), 'communication-token')
    assert.equal(text(data['primaryName']), 'primary-cluster-1')
  })

  it("gives the primary's key as a PEM that other programs read", () => {
    const pem = text(encodeClusterInfo(info)['primaryPublicKey'])
    assert.match(pem, /^-----BEGIN PUBLIC KEY-----\n/)
    assert.equal(createPublicKey(pem).export({ format: 'jwk' }).x, primaryKey.x)
  })

  it('adds primaryIngress in the second dialect: the one given, else the endpoint in use', () => {
    const second = { ...membership, dialect: 'second' } as const
    const given = { ...second, primaryIngress: 'https://ingress' }
    assert.equal(text(encodeClusterInfo({ ...info, membership: given })['primaryIngress']), 'https://ingress')
    assert.equal(text(encodeClusterInfo({ ...info, membership: second })['primaryIngress']), 'https://primary/k10')
  })

  it('is read back whole', () => {
    const read = decodeClusterInfo(encodeClusterInfo(info))
    assert.deepEqual(read?.membership, membership)
    assert.equal(read?.token.reveal(), 'communication-token')
  })

  it('is nothing where a user damaged the membership', () => {
    const data = encodeClusterInfo(info)
    for (const damaged of ['', '{', 'null', '[]', '{"primaryUid":1}'])
      assert.equal(decodeClusterInfo({ ...data, membership: Buffer.from(damaged).toString('base64') }), undefined)
    assert.equal(decodeClusterInfo({ membership: data['membership'] ?? '' }), undefined)
    assert.equal(decodeClusterInfo(undefined), undefined)
  })

  it('is read from a newer version that says more', () => {
    const newer = Buffer.from(JSON.stringify({ ...membership, shard: 7 })).toString('base64')
    assert.deepEqual(decodeClusterInfo({ ...encodeClusterInfo(info), membership: newer })?.membership, membership)
  })
})

describe('mc-identity', () => {
  const privateKey = new Redacted(toPrivatePem(generateSigningKey()))

  it('keeps the key, the cluster it was made for and the membership', () => {
    const encoded = encodeIdentity({ clusterUid: 'own-uid', privateKey, joined: info })
    assert.deepEqual(encoded.annotations, { 'dist.kio.kasten.io/cluster-uid': 'own-uid' })
    const read = decodeIdentity(asSecret(encoded))
    assert.equal(read?.clusterUid, 'own-uid')
    assert.equal(read?.privateKey.reveal(), privateKey.reveal())
    assert.deepEqual(read?.joined?.membership, membership)
    assert.equal(read?.joined?.token.reveal(), 'communication-token')
  })

  it('has no membership before the join', () => {
    const encoded = encodeIdentity({ clusterUid: 'own-uid', privateKey })
    assert.deepEqual(Object.keys(encoded.data), ['key'])
    assert.equal(decodeIdentity(asSecret(encoded))?.joined, undefined)
  })

  it('is none without a key, and belongs to nobody without the annotation', () => {
    assert.equal(decodeIdentity({ metadata: {} }), undefined)
    const { data } = encodeIdentity({ clusterUid: 'own-uid', privateKey })
    assert.equal(decodeIdentity({ metadata: {}, data })?.clusterUid, '')
  })

  it('never prints its secrets', () => {
    const identity = { clusterUid: 'own-uid', privateKey, joined: info }
    for (const printed of [inspect(identity, { depth: 9 }), JSON.stringify(identity)]) {
      assert.ok(!printed.includes('communication-token'))
      assert.ok(!printed.includes('PRIVATE KEY'))
    }
  })
})

describe('the Secrets of the primary', () => {
  it('keep its key with the cluster it was made for', () => {
    const { annotations: marks, data } = encodePrimaryIdentity({
      clusterUid: 'u',
      privateKey: new Redacted('pem'),
      retired: [],
      compromised: ['leaked', 'another'],
    })
    const read = decodePrimaryIdentity({ metadata: { annotations: marks }, data })
    assert.equal(read?.clusterUid, 'u')
    assert.equal(read?.privateKey.reveal(), 'pem')
    assert.deepEqual(read?.compromised, ['leaked', 'another'])
    assert.equal(decodePrimaryIdentity({ metadata: { annotations: marks } }), undefined)
  })

  const at = Date.UTC(2030, 0, 1)
  const pem = (label: string) => `-----BEGIN PRIVATE KEY-----\n${label}\n-----END PRIVATE KEY-----\n`
  const rolling = {
    clusterUid: 'u',
    privateKey: new Redacted(pem('current')),
    next: { privateKey: new Redacted(pem('next')), announcedAt: at },
    retired: [new Redacted(pem('oldest')), new Redacted(pem('older'))],
    promotedAt: at - 1_000,
    rotated: 'now',
    compromised: [],
  }

  it('keep the next key and the retired ones beside it, in their order, with their times', () => {
    const { annotations: marks, data } = encodePrimaryIdentity(rolling)
    const read = decodePrimaryIdentity({ metadata: { annotations: marks }, data })
    assert.deepEqual([read?.next?.privateKey.reveal(), read?.next?.announcedAt], [pem('next'), at])
    assert.deepEqual(
      read?.retired.map((key) => key.reveal()),
      [pem('oldest'), pem('older')],
    )
    assert.deepEqual([read?.promotedAt, read?.rotated], [at - 1_000, 'now'])
  })

  it('hold one key and no time in the normal case, and a patch takes the others away', () => {
    const single = { clusterUid: 'u', privateKey: new Redacted(pem('current')), retired: [], compromised: [] }
    const read = decodePrimaryIdentity({ metadata: {}, data: encodePrimaryIdentity(single).data })
    assert.deepEqual(
      [read?.next, read?.retired, read?.promotedAt, read?.rotated],
      [undefined, [], undefined, undefined],
    )
    const { metadata, data } = patchPrimaryIdentity(single)
    assert.deepEqual(data, { key: encodePrimaryIdentity(single).data['key'], next: null, retired: null })
    assert.deepEqual(Object.values(metadata.annotations).filter((value) => value === null).length, 3)
  })

  it('read what somebody has spoiled: a next key without its time has been announced long ago', () => {
    const { data } = encodePrimaryIdentity(rolling)
    const read = decodePrimaryIdentity({ metadata: { annotations: { [annotations.promotedAt]: 'soon' } }, data })
    assert.deepEqual([read?.next?.announcedAt, read?.promotedAt, read?.retired.length], [0, undefined, 2])
  })

  it('name the keys that were given up, by commas or spaces apart', () => {
    assert.deepEqual(readCompromised({ [annotations.compromised]: ' a,b  c,' }), ['a', 'b', 'c'])
    assert.deepEqual(readCompromised({}), [])
  })

  it('keep its certificate under the keys of kubernetes.io/tls, both or none', () => {
    const data = encodeTlsPair({ certificate: 'cert', privateKey: new Redacted('key') })
    assert.deepEqual(Object.keys(data), ['tls.crt', 'tls.key'])
    assert.equal(decodeTlsPair(data)?.certificate, 'cert')
    assert.equal(decodeTlsPair(data)?.privateKey.reveal(), 'key')
    assert.equal(decodeTlsPair({ 'tls.crt': data['tls.crt'] ?? '' }), undefined)
  })
})

describe('the data of a join-token Secret', () => {
  it('is endpoint and token, read back as written', () => {
    const data = encodeJoinTokenData({ endpoint: 'https://p', token: new Redacted('mcj1.x') })
    assert.deepEqual(Object.keys(data), ['endpoint', 'token'])
    assert.equal(decodeJoinTokenData(data).endpoint, 'https://p')
    assert.equal(decodeJoinTokenData(data).token?.reveal(), 'mcj1.x')
  })

  it('has a blank token after redaction, which counts as none', () => {
    const data = encodeJoinTokenData({ endpoint: 'https://p' })
    assert.equal(data['token'], '')
    assert.deepEqual(decodeJoinTokenData(data), { endpoint: 'https://p' })
    assert.deepEqual(decodeJoinTokenData(undefined), {})
  })
})
