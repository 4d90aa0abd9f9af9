import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeSecretData } from '../../../../src/api/secret-data.ts'
import { readContent } from '../../../../src/secondary/join/content.ts'

const join = { metadata: { name: 'mc-join' }, type: 'Opaque', data: encodeSecretData({ token: 'mcj1.x' }) }
/** As the API server gives a ConfigMap without keys. */
const empty = { metadata: { name: 'mc-join-config' } }
const read = (config: typeof empty | undefined) => readContent({ join, config }, { allowHttp: false })

describe('what the user asks for', () => {
  it('waits for mc-join-config, and no longer once it is there without any key', () => {
    assert.equal(read(undefined).input?.waitingForConfig, true)
    assert.equal(read(empty).input?.waitingForConfig, false)
  })

  it('has the same hash with mc-join-config without data and with none', () => {
    assert.equal(read(empty).hash, read(undefined).hash)
  })
})
