import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeClient } from '../../../../src/kube/client.ts'
import type { Informer } from '../../../../src/kube/informer.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createTokenSource } from '../../../../src/primary/join/token-source.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { namespace } from '../objects.fixture.ts'

describe('requests that name unknown tokens', () => {
  it('wait in a bounded number, and there is room again after the LIST', async () => {
    const listed = Promise.withResolvers<{ items: readonly Secret[]; resourceVersion: string }>()
    let lists = 0
    const tokens = createTokenSource({
      client: {
        async list() {
          lists += 1
          return listed.promise
        },
      } as unknown as KubeClient,
      informer: { by: () => [] } as unknown as Informer<Secret>,
      namespace,
      keyring: () => undefined,
      clock: systemClock,
    })
    const waiting = Array.from({ length: 256 }, async () => tokens.live('AAAAAAAAAAAAAAAA'))
    const isBusy = (error: unknown) => error instanceof ProtocolError && error.code === 'Busy'
    await assert.rejects(tokens.live('AAAAAAAAAAAAAAAA'), isBusy)
    listed.resolve({ items: [], resourceVersion: '1' })
    assert.deepEqual(new Set(await Promise.all(waiting)), new Set([undefined]))
    assert.equal(lists, 1)
    assert.equal(await tokens.live('AAAAAAAAAAAAAAAA'), undefined)
  })
})
