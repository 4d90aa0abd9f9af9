/** Where a token is found: the cache may say yes, and what says no is a LIST that all askers share. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { createTokenSource, indexTokenId, tokenIdIndex } from '../../../../src/primary/join/token-source.ts'
import { recordIssued } from '../../../../src/primary/join-token/issued-token.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { keyringOf } from '../../../support/keyring.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { encode, p, smallOrderPoints } from '../../protocol/edwards.fixture.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'

const id = 'AAAAAAAAAAAAAAAA'
const primaryKey = generateSigningKey()
const issuer = createIssuer('uid-primary', primaryKey)
const publicKey = generateSigningKey()
/** A record of this primary, whatever key a fault of its own would have put in. */
const sealed = (tokenId: string, x: string) => recordIssued(issuer, { id: tokenId, publicKey: { ...publicKey, x } })

function secret(more: Partial<Secret> = {}, made: Record<string, string> = {}): Secret {
  return {
    type: joinTokenType,
    ...more,
    metadata: {
      name: 'token',
      namespace,
      uid: 'object-token',
      creationTimestamp: at(noon),
      annotations: { ...sealed(id, publicKey.x), ...made },
      ...more.metadata,
    },
  }
}

function world() {
  const api = createMemoryApi()
  const clock = createManualClock()
  const informer = api.cache(secretKind, { [tokenIdIndex]: indexTokenId })
  const tokens = createTokenSource({ client: api.client, informer, namespace, keyring: () => keyringOf(issuer), clock })
  const lists = () => api.requests.filter((request) => request === 'list secrets').length
  /** Looks live, with as much time as a LIST may have to wait for. */
  async function look(tokenId: string) {
    const [found] = await Promise.all([tokens.live(tokenId), clock.advance(500)])
    return found
  }
  return { api, clock, tokens, lists, look }
}

describe('a live look for tokens', () => {
  it('is one LIST for all who ask before it begins, whatever tokens they ask for', async () => {
    const { api, lists, look } = world()
    api.putUnseen(secretKind, secret())
    const asked = await Promise.all([id, id, 'BBBBBBBBBBBBBBBB', 'CCCCCCCCCCCCCCCC'].map(look))
    assert.deepEqual(
      asked.map((found) => found?.id),
      [id, id, undefined, undefined],
    )
    assert.equal(lists(), 1)
  })

  it('happens at most twice a second, however many ask', async () => {
    const { clock, tokens, lists } = world()
    const asked: Promise<unknown>[] = []
    // Every 10 ms for nearly two seconds.
    for (let time = 0; time < 199; time += 1) {
      asked.push(tokens.live('BBBBBBBBBBBBBBBB'))
      await clock.advance(10)
    }
    assert.equal(lists(), 4)
    await clock.advance(500)
    await Promise.all(asked)
    assert.equal(lists(), 5)
  })

  it('shows what was stored before it began to whoever asked after that', async () => {
    const { api, clock, tokens, lists } = world()
    const first = tokens.live(id)
    await clock.advance(0)
    assert.equal(await first, undefined)
    const waiting = tokens.live(id)
    await clock.advance(499)
    assert.equal(lists(), 1)
    api.putUnseen(secretKind, secret())
    await clock.advance(1)
    assert.equal((await waiting)?.id, id)
  })

  it('is not shared with those who ask after it has begun', async () => {
    const { api, clock, tokens, lists } = world()
    const held = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    api.hold = async () => {
      started.resolve()
      return held.promise
    }
    const early = tokens.live(id)
    await clock.advance(0)
    await started.promise
    api.putUnseen(secretKind, secret())
    const late = tokens.live(id)
    api.hold = undefined
    held.resolve()
    assert.equal(await early, undefined)
    await clock.advance(500)
    assert.equal((await late)?.id, id)
    assert.equal(lists(), 2)
  })

  it('fails for all who shared it where the API server does not answer, and is tried anew for the next', async () => {
    const { api, lists, look } = world()
    api.putUnseen(secretKind, secret())
    api.before = () => {
      throw failure(0, 'ECONNREFUSED')
    }
    const asked = await Promise.allSettled([id, id, 'BBBBBBBBBBBBBBBB'].map(look))
    assert.deepEqual(
      asked.map((result) => (result.status === 'rejected' ? Reflect.get(result.reason as object, 'name') : 'found')),
      ['KubeApiError', 'KubeApiError', 'KubeApiError'],
    )
    assert.equal(lists(), 1)
    api.before = () => undefined
    assert.equal((await look(id))?.id, id)
  })

  it('asks for join tokens only, and for no other Secret', async () => {
    const { api, look } = world()
    const foreign = secret({ type: 'Opaque' })
    api.putUnseen(secretKind, { ...foreign, metadata: { ...foreign.metadata, name: 'other' } })
    api.putUnseen(secretKind, secret())
    assert.equal((await look(id))?.secret.metadata.name, 'token')
  })
})

const weakKeys = [
  ...smallOrderPoints().flatMap(({ y }) => [encode(y, 0n), encode(y, 1n)]),
  ...[p, p + 1n, p + 18n].flatMap((y) => [encode(y, 0n), encode(y, 1n)]),
].filter((x, index, all) => all.indexOf(x) === index)

describe('a Secret that a user has written', () => {
  const bad: readonly (readonly [string, Secret])[] = [
    ['of another type', secret({ type: 'Opaque' })],
    ['with a key of his own', secret({}, { [annotations.tokenPublicKey]: generateSigningKey().x })],
    ['with a key that is none', secret({}, sealed(id, 'AAAA'))],
    // Such a key "verifies" whatever is signed; sealed, as if this primary had been made to issue it.
    ...weakKeys.map((x) => [`with the weak key ${x}`, secret({}, sealed(id, x))] as const),
    ['that is being deleted', secret({ metadata: { ...secret().metadata, deletionTimestamp: at(noon) } })],
  ]
  for (const [what, written] of bad)
    it(`${what} is no token, in the cache or live`, async () => {
      const { api, tokens, look } = world()
      api.put(secretKind, written)
      assert.equal(tokens.cached(id), undefined)
      assert.equal(await look(id), undefined)
    })

  it('is found by the whole of its id', async () => {
    const { api, tokens, look } = world()
    api.put(secretKind, secret())
    for (const other of ['AAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAa', 'AAAAAAAAAAAAAAAAA', '', '__proto__']) {
      assert.equal(tokens.cached(other), undefined, other)
      assert.equal(await look(other), undefined, other)
    }
  })
})

describe('a token that is read again', () => {
  it('is the same Secret, with its newest annotations', async () => {
    const { api, tokens } = world()
    api.put(secretKind, secret())
    const known = tokens.cached(id)
    assert.ok(known !== undefined)
    api.putUnseen(secretKind, secret({}, { [annotations.uses]: '3' }))
    assert.equal((await tokens.reread(known))?.secret.metadata.annotations?.[annotations.uses], '3')
    assert.deepEqual(api.requests, ['get secrets token'])
  })

  it('is gone where the Secret has gone, is another one, or is another token', async () => {
    const replacements: readonly (Secret | undefined)[] = [
      undefined,
      secret({ metadata: { ...secret().metadata, uid: 'object-made-anew' } }),
      secret({}, sealed('BBBBBBBBBBBBBBBB', publicKey.x)),
      secret({}, sealed(id, generateSigningKey().x)),
      secret({ metadata: { ...secret().metadata, deletionTimestamp: at(noon) } }),
      secret({ metadata: { ...secret().metadata, annotations: {} } }),
    ]
    for (const [index, replacement] of replacements.entries()) {
      const { api, tokens } = world()
      api.put(secretKind, secret())
      const known = tokens.cached(id)
      assert.ok(known !== undefined)
      if (replacement === undefined) api.removeUnseen(secretKind, 'token', namespace)
      else api.putUnseen(secretKind, replacement)
      assert.equal(await tokens.reread(known), undefined, String(index))
    }
  })

  it('is unknown, not gone, where the API server does not answer', async () => {
    const { api, tokens } = world()
    api.put(secretKind, secret())
    const known = tokens.cached(id)
    assert.ok(known !== undefined)
    api.before = () => {
      throw failure(500, 'InternalError')
    }
    await assert.rejects(tokens.reread(known), { name: 'KubeApiError' })
  })

  it('is read once for all who ask before that, and anew for whoever asks after', async () => {
    const { api, clock, tokens } = world()
    api.put(secretKind, secret())
    const known = tokens.cached(id)
    assert.ok(known !== undefined)
    const held = Promise.withResolvers<void>()
    api.hold = async () => held.promise
    const early = Promise.all([tokens.reread(known), tokens.reread(known), tokens.reread(known)])
    await clock.advance(0)
    api.removeUnseen(secretKind, 'token', namespace)
    const late = tokens.reread(known)
    api.hold = undefined
    held.resolve()
    await clock.advance(25)
    assert.equal(await late, undefined)
    assert.equal(api.requests.length, 2)
    await early
  })
})
