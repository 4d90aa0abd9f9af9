/** What somebody can do who may only create Bootstraps or join-token Secrets: nothing to what is another's. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { issueToken, parseToken } from '../../src/protocol/token.ts'
import { createJoiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const evil = 'https://evil.example.com'

describe('somebody who may only create objects', () => {
  let pair: Pair
  let scene: Scene

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('objects')
    await scene.join('east')
  })

  after(async () => pair.stop())

  /** A Bootstrap that pretends to be the record of a join. */
  async function pretend(name: string, clusterName: string): Promise<void> {
    const bootstrap = {
      apiVersion: 'dist.kio.kasten.io/v1alpha1',
      kind: 'Bootstrap',
      metadata: { name, labels: { 'dist.kio.kasten.io/created-by': 'join' } },
      spec: { clusters: { cluster: { name: clusterName, k10: { ingress: { url: evil } } } } },
    }
    await scene.onPrimary(['create', '-f', '-'], JSON.stringify(bootstrap))
  }

  /** A Bootstrap that is handled after all that was created before it. */
  async function fence(name: string): Promise<void> {
    const bootstrap = {
      apiVersion: 'dist.kio.kasten.io/v1alpha1',
      kind: 'Bootstrap',
      metadata: { name },
      spec: { clusters: { ahead: { name, k10: {} } } },
    }
    await scene.onPrimary(['create', '-f', '-'], JSON.stringify(bootstrap))
    await scene.onPrimary(['wait', '--for=condition=Ready', `bootstraps.dist.kio.kasten.io/${name}`, '--timeout=60s'])
  }

  for (const [what, name, clusterName] of [
    ['the primary', 'primary-cluster-1', 'primary-cluster-1'],
    ['the primary, by another name', 'harmless', 'primary-cluster-1'],
    ['a joined cluster, beside its record', 'east-join', 'east'],
    ['a joined cluster, by another name', 'harmless-too', 'east'],
  ] as const)
    it(`cannot give an address to ${what} with a Bootstrap that pretends to be the record of a join`, async () => {
      const before = await scene.cluster(clusterName)
      await pretend(name, clusterName)
      await fence(`fence-${name}`)
      assert.deepEqual((await scene.cluster(clusterName))?.spec, before?.spec)
    })

  it('cannot make a token of another useless with a Secret of the same token id', async () => {
    const { token } = await scene.token('honest')
    const id = parseToken(token).id
    for (const name of ['aaa-before', 'zzz-after']) {
      const secret = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: {
          name,
          annotations: {
            'dist.kio.kasten.io/token-id': id,
            'dist.kio.kasten.io/token-public-key': 'Q6nJ1Rv2lNqRnb4m4aT2nqGq5cY9Gx1GxvZ0q1cF2kM',
          },
        },
        type: 'dist.kio.kasten.io/join-token',
      }
      await scene.onPrimary(['create', '-f', '-'], JSON.stringify(secret))
    }
    // Brings the honest one to the end of every order of arrival.
    await scene.onPrimary(['annotate', 'secret', 'honest', 'example.com/touched=yes'])
    const { 'mc-join.hash': before } = await scene.untilStatus('Joined')
    await scene.mcJoin({ endpoint: scene.endpoint, token, clusterName: 'east' })
    const status = await until('the new content is judged', async () => {
      const read = await scene.status()
      return read?.['status'] === 'Joining' || read?.['mc-join.hash'] === before ? undefined : read
    })
    assert.equal(status['status'], 'Joined', status['msg'])
  })

  it('cannot let a cluster in with a token of his own making', async () => {
    const { primaryUid, primaryKey, endpoints } = parseToken((await scene.token('any')).token)
    const made = issueToken({ uid: primaryUid, key: primaryKey, endpoints })
    const prefix = 'dist.kio.kasten.io/'
    const annotations = { [`${prefix}token-id`]: made.id, [`${prefix}token-public-key`]: made.publicKey.x }
    const type = 'dist.kio.kasten.io/join-token'
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'own', annotations }, type }
    await scene.onPrimary(['create', '-f', '-'], JSON.stringify(secret))
    const told = await until('the Secret says why', async () => {
      const read = await scene.readOnPrimary('secret', 'own')
      return read?.metadata.annotations?.[`${prefix}token-error`]
    })
    assert.match(told, /this primary did not issue that token/)
    const stranger = createJoiner()
    const outcome = await stranger.join({ endpoint: scene.endpoint, token: made.text.reveal(), name: 'stranger' })
    assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'TokenInvalid')
    assert.equal(await scene.cluster('stranger'), undefined)
  })
})
