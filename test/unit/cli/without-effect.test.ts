/** A dry run by the API server: every change is asked for as one, whatever else its address says. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withoutEffect } from '../../../src/cli/without-effect.ts'
import { createClient } from '../../../src/kube/client.ts'
import { secretKind } from '../../../src/kube/objects.ts'

describe('a client without effect', () => {
  it('reads as ever, and changes nothing', async () => {
    const asked: string[] = []
    const client = createClient(
      withoutEffect({
        request: async ({ method, path }) => {
          asked.push(`${method} ${path}`)
          return {}
        },
        stream: async () => assert.fail('nothing is watched'),
        close: async () => {},
      }),
    )
    const key = { namespace: 'a', name: 'b' }
    const object = { metadata: key }
    await client.get(secretKind, key)
    await client.create(secretKind, object)
    await client.apply(secretKind, object, { fieldManager: 'me', force: true })
    await client.delete(secretKind, key)
    const secrets = '/api/v1/namespaces/a/secrets'
    assert.deepEqual(asked, [
      `GET ${secrets}/b`,
      `POST ${secrets}?dryRun=All`,
      `PATCH ${secrets}/b?fieldManager=me&force=true&dryRun=All`,
      `DELETE ${secrets}/b?dryRun=All`,
    ])
  })
})
