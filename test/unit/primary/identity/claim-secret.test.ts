/** A Secret that several replicas may want to create: one of them does, and all get the same. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { claimSecret } from '../../../../src/primary/identity/claim-secret.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'

const secret = (text: string): Secret => ({ metadata: { name: 'one', namespace: 'home' }, data: { text } })

describe('a Secret that is claimed', () => {
  it('is the one of whoever came first, for all of them', async () => {
    const api = createMemoryApi()
    const claims = await Promise.all(['a', 'b', 'c'].map(async (text) => claimSecret(api.client, secret(text))))
    const stored = api.stored(secretKind, 'one', 'home')
    assert.deepEqual(
      claims.map(({ data, metadata }) => [data, metadata.uid]),
      claims.map(() => [stored?.data, stored?.metadata.uid]),
    )
  })

  it('is claimed without force, each time under a manager name of its own', async () => {
    const api = createMemoryApi()
    const claims: { fieldManager: string; force: boolean | undefined }[] = []
    const client: typeof api.client = {
      ...api.client,
      async apply(kind, object, options) {
        claims.push({ fieldManager: options.fieldManager, force: options.force })
        return api.client.apply(kind, object, options)
      },
    }
    await claimSecret(client, secret('a'))
    await claimSecret(client, secret('b'))
    assert.deepEqual(
      claims.map(({ force }) => force),
      [undefined, undefined],
    )
    assert.equal(new Set(claims.map(({ fieldManager }) => fieldManager)).size, 2)
  })

  it('is claimed again by the caller where the one that came first has gone meanwhile', async () => {
    const api = createMemoryApi()
    api.put(secretKind, secret('first'))
    api.before = (request) => {
      if (request.startsWith('get ')) api.removeUnseen(secretKind, 'one', 'home')
    }
    await assert.rejects(claimSecret(api.client, secret('a')), { name: 'KubeApiError', reason: 'Conflict' })
  })

  it('is not taken for granted where the API server fails otherwise', async () => {
    const api = createMemoryApi()
    api.before = () => {
      throw failure(403, 'Forbidden')
    }
    await assert.rejects(claimSecret(api.client, secret('a')), { name: 'KubeApiError', reason: 'Forbidden' })
    assert.deepEqual(api.requests, ['apply secrets one'])
  })
})
