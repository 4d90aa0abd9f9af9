/** A TLS session that is resumed: Node counts it as authorized, though no certificate was shown and no name compared. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { it, type TestContext } from 'node:test'
import { createServer, connect as openTls, type SecureVersion } from 'node:tls'
import { createSelfSignedCertificate } from '../../../../src/primary/server/certificate.ts'
import { judged } from '../../../../src/secondary/primary-client/tls.ts'

for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
  it(`a connection that resumes a session of ${version} is ended before its first byte, whoever judges it`, async (t) => {
    const connectTo = await startServer(t, version)
    const first = connectTo()
    const [session] = (await once(first, 'session')) as [Buffer]
    assert.deepEqual([first.isSessionReused(), first.authorized], [false, false])

    const resumed = connectTo(session)
    await once(resumed, 'secureConnect')
    assert.deepEqual([resumed.isSessionReused(), resumed.authorized], [true, true])
    assert.throws(() => judged(resumed, () => undefined), {
      code: 'TlsUntrusted',
      message: 'the TLS session was resumed',
    })
    assert.ok(resumed.destroyed)
  })

/** Hands out sessions. Its certificate is trusted, and not for the name that it is asked for. */
async function startServer(t: TestContext, maxVersion: SecureVersion) {
  const certificate = await createSelfSignedCertificate({ hosts: ['127.0.0.1'], days: 1, now: Date.now() })
  const server = createServer({ cert: certificate.certificatePem, key: certificate.privateKeyPem, maxVersion })
  server.on('secureConnection', (socket) => socket.on('error', () => undefined))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port } = server.address() as AddressInfo
  const known = { ca: certificate.certificatePem, servername: 'other.test', rejectUnauthorized: false }
  return (session?: Buffer) => {
    const socket = openTls({ ...known, port, host: '127.0.0.1', ...(session && { session }) })
    t.after(() => socket.destroy())
    // With TLS 1.3 the session comes with what is read.
    return socket.resume()
  }
}
