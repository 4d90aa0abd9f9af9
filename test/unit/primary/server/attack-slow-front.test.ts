import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createSelfSignedCertificate } from '../../../../src/primary/server/certificate.ts'
import { createFrontLeaf } from '../../../../src/primary/server/front-leaf.ts'
import { createKeyring } from '../../../../src/protocol/keyring.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { silentLog } from '../silent-log.fixture.ts'

describe('a front that answers and never ends', () => {
  it('does not hold up the stop of the primary', { timeout: 10_000 }, async () => {
    const made = await createSelfSignedCertificate({ hosts: ['localhost'], days: 1, now: Date.now() })
    const server = createServer({ cert: made.certificatePem, key: made.privateKeyPem }, (_request, answer) => {
      answer.write('{')
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const key = generateSigningKey()
    const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
    const frontLeaf = createFrontLeaf({
      serving: () => ({
        keyring: createKeyring('uid-primary', { current: key }),
        name: 'primary-cluster-1',
        endpoint,
        interval: 20_000,
      }),
      clock: systemClock,
      log: silentLog,
    })
    const stop = new AbortController()
    const following = frontLeaf.follow(stop.signal)
    await once(server, 'request')
    stop.abort()
    await following
    assert.equal(frontLeaf.spki(), undefined)
    server.closeAllConnections()
    server.close()
  })
})
