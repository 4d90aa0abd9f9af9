import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import type { KubeClient } from '../../../../src/kube/client.ts'
import type { Informer } from '../../../../src/kube/informer.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createTokenSource } from '../../../../src/primary/join/token-source.ts'
import { recordIssued } from '../../../../src/primary/join-token/issued-token.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { keyringOf } from '../../../support/keyring.ts'
import { at, namespace, noon } from '../objects.fixture.ts'

const id = 'AAAAAAAAAAAAAAAA'
const primaryKey = generateSigningKey()
const issuer = createIssuer('uid-primary', primaryKey)

function tokenSecret(name: string, more: Record<string, string>): Secret {
  const metadata = { name, namespace, uid: `object-${name}`, creationTimestamp: at(noon), annotations: more }
  return { apiVersion: 'v1', kind: 'Secret', type: joinTokenType, metadata }
}

function tokensOf(items: readonly Secret[], by = issuer) {
  return createTokenSource({
    client: {
      list: async () => ({ items, resourceVersion: '1' }),
      get: async () => items[0],
    } as unknown as KubeClient,
    informer: { by: () => items } as unknown as Informer<Secret>,
    namespace,
    keyring: () => keyringOf(by),
    clock: systemClock,
  })
}

const publicKey = generateSigningKey()
const sealed = recordIssued(issuer, { id, publicKey })
const own = generateSigningKey()
const written = { [annotations.tokenId]: id, [annotations.tokenPublicKey]: own.x }

describe('a Secret with the token id of another', () => {
  it('does not take its place, in whatever order they arrive', async () => {
    const honest = tokenSecret('honest', sealed)
    const forged = [tokenSecret('aaa', written), tokenSecret('zzz', { ...sealed, ...written })]
    for (const secrets of [
      [honest, ...forged],
      [...forged, honest],
    ]) {
      const tokens = tokensOf(secrets)
      assert.equal(tokens.cached(id)?.publicKey.x, publicKey.x)
      assert.equal((await tokens.live(id))?.publicKey.x, publicKey.x)
    }
  })
})

describe('a Secret with a token that somebody has made himself', () => {
  it('admits nobody, from the cache, by LIST or by GET', async () => {
    const records: readonly Record<string, string>[] = [
      written,
      { ...sealed, ...written },
      { ...sealed, [annotations.tokenId]: 'BBBBBBBBBBBBBBBB' },
      { ...sealed, [annotations.tokenSeal]: '' },
      { ...sealed, [annotations.tokenSeal]: 'A'.repeat(43) },
    ]
    for (const more of records) {
      const secret = tokenSecret('mine', more)
      const tokens = tokensOf([secret])
      const given = more[annotations.tokenId] ?? ''
      assert.equal(tokens.cached(given), undefined)
      assert.equal(await tokens.live(given), undefined)
      assert.equal(await tokens.reread({ id: given, publicKey: own, secret }), undefined)
    }
  })

  it('admits nobody either where another primary has issued it', () => {
    assert.ok(tokensOf([tokenSecret('issued', sealed)]).cached(id))
    for (const other of [
      { ...issuer, key: own },
      { ...issuer, uid: 'uid-other' },
    ])
      assert.equal(tokensOf([tokenSecret('issued', sealed)], other).cached(id), undefined)
  })
})
