import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import type { KubeClient } from '../../../../src/kube/client.ts'
import type { Informer } from '../../../../src/kube/informer.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createTokenSource } from '../../../../src/primary/join/token-source.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { at, namespace, noon } from '../objects.fixture.ts'

const id = 'AAAAAAAAAAAAAAAA'

function tokenSecret(name: string, made: number): { secret: Secret; x: string } {
  const { x } = generateSigningKey()
  const metadata = {
    name,
    namespace,
    uid: `object-${name}`,
    creationTimestamp: at(made),
    annotations: { [annotations.tokenId]: id, [annotations.tokenPublicKey]: x },
  }
  return { secret: { apiVersion: 'v1', kind: 'Secret', type: joinTokenType, metadata }, x }
}

describe('a Secret with the token id of another', () => {
  const honest = tokenSecret('honest', noon)
  const forged = [tokenSecret('aaa', noon + 1_000), tokenSecret('zzz', noon + 2_000)]

  it('does not take its place, in whatever order they arrive', async () => {
    for (const secrets of [
      [honest, ...forged],
      [...forged, honest],
    ]) {
      const items = secrets.map(({ secret }) => secret)
      const tokens = createTokenSource({
        client: { list: async () => ({ items, resourceVersion: '1' }) } as unknown as KubeClient,
        informer: { by: () => items } as unknown as Informer<Secret>,
        namespace,
        clock: systemClock,
      })
      assert.equal(tokens.cached(id)?.publicKey.x, honest.x)
      assert.equal((await tokens.live(id))?.publicKey.x, honest.x)
    }
  })
})
