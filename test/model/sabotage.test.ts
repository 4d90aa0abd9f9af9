/** The model sees what it is made to see: a world in which one thing is broken on purpose breaks a law soon. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeRequest } from '../../src/kube/transport.ts'
import { firstBroken } from './check.ts'

/** A token's use that is not bound to the version of the Secret that was looked at. */
function withoutVersionOfUses(request: KubeRequest): KubeRequest {
  const { method, path, body } = request
  if (method !== 'PATCH' || !path.includes('/secrets/token-') || body === undefined) return request
  const { metadata } = body as { metadata: object }
  return { ...request, body: { ...body, metadata: { ...metadata, resourceVersion: undefined } } }
}

describe('a world that is sabotaged', () => {
  it('breaks a law where the uses of a token are counted without looking at its version', async () => {
    const found = await firstBroken({ from: 1, count: 300 }, withoutVersionOfUses)
    assert.match(found?.outcome.broken.join() ?? '', /a token of \d uses has admitted \d clusters/)
  })
})
