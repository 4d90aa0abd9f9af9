/** What the primary serves at a moment, and what it says while it cannot. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  heartbeatInterval,
  loadedKeyring,
  type PrimaryFacts,
  primaryKeys,
  servingPrimary,
} from '../../../src/primary/state.ts'
import { createKeyring } from '../../../src/protocol/keyring.ts'
import { generateSigningKey } from '../../../src/protocol/keys.ts'
import { at, cluster, k10, noon } from './objects.fixture.ts'

const key = generateSigningKey()
const keyring = createKeyring('uid-primary', { current: key })
const ownAt = (url?: string, made = noon) =>
  cluster('primary-cluster-1', {
    spec: { primary: true, k10: url === undefined ? k10 : { ...k10, ingress: { url } } },
    metadata: { creationTimestamp: at(made) },
  })
const facts = (fields: Partial<PrimaryFacts> = {}): PrimaryFacts => ({
  keyring,
  primaries: [ownAt('https://primary.example.com/k10/')],
  clusters: 2,
  endpointFlag: undefined,
  interval: 20_000,
  ...fields,
})
const busy = (reason: string) => ({
  name: 'ProtocolError',
  code: 'Busy',
  message: `the primary is not ready: ${reason}`,
})

describe('a primary that is set up', () => {
  it('serves with its key, under the name and the address of its own Cluster', () => {
    const expected = {
      keyring,
      name: 'primary-cluster-1',
      endpoint: 'https://primary.example.com/k10',
      interval: 20_000,
    }
    assert.deepEqual(servingPrimary(facts()), expected)
  })

  it('is reached where its flag says, whatever its Bootstrap says', () => {
    assert.equal(
      servingPrimary(facts({ endpointFlag: 'https://other.example.com/' })).endpoint,
      'https://other.example.com',
    )
    const primaries = [ownAt()]
    assert.equal(
      servingPrimary(facts({ primaries, endpointFlag: 'https://a.example.com' })).endpoint,
      'https://a.example.com',
    )
  })

  it('is the oldest where a user has made a second by hand', () => {
    const url = 'https://primary.example.com/k10'
    const second = { primary: true, k10 }
    const younger = cluster('a-second', { spec: second, metadata: { creationTimestamp: at(noon + 1_000) } })
    assert.equal(servingPrimary(facts({ primaries: [younger, ownAt(url)] })).name, 'primary-cluster-1')
    const sameSecond = cluster('a-second', { spec: { ...second, k10: { ...k10, ingress: { url } } } })
    assert.equal(servingPrimary(facts({ primaries: [ownAt(url), sameSecond] })).name, 'a-second')
  })

  it('tells members its own key', () => {
    assert.deepEqual(primaryKeys(keyring), { current: { kid: key.thumbprint, x: key.x } })
  })
})

describe('a primary that is not set up', () => {
  it('is busy, and says with what', () => {
    assert.throws(() => servingPrimary(facts({ keyring: undefined })), busy('its signing key is not loaded'))
    assert.throws(() => loadedKeyring(undefined), busy('its signing key is not loaded'))
    assert.throws(() => servingPrimary(facts({ primaries: [] })), busy('no Bootstrap has registered it'))
    assert.throws(() => servingPrimary(facts({ primaries: [ownAt()] })), busy('it has no address'))
  })

  it('has no address where somebody has written one that is none', () => {
    for (const url of [
      '',
      'primary',
      'ftp://primary.example.com',
      'https://a:b@primary.example.com',
      'https://x.example.com?a',
    ])
      assert.throws(() => servingPrimary(facts({ primaries: [ownAt(url)] })), busy('it has no address'), url)
  })
})

describe('the interval between heartbeats', () => {
  it('grows with the fleet, so that no more than 250 come in a second', () => {
    assert.equal(heartbeatInterval(1, 20_000), 20_000)
    assert.equal(heartbeatInterval(5_000, 20_000), 20_000)
    assert.equal(heartbeatInterval(10_000, 20_000), 40_000)
    for (const fleet of [10_000, 50_000]) assert.ok(fleet / (heartbeatInterval(fleet, 10_000) / 1_000) <= 250)
  })
})
