import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { createSelfSignedCertificate } from '../../../../src/primary/server/certificate.ts'
import { closingPatience } from '../../../../src/primary/server/closing.ts'
import { createServedCertificate } from '../../../../src/primary/server/served-certificate.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { silentLog } from '../silent-log.fixture.ts'
import { admittingServer } from './join-server.fixture.ts'

describe('a stranger that connects and says little', { timeout: 20_000 }, () => {
  // Node's limits for slow requests end with the stop, and it would wait for such a client for ever.
  it('holds up the stop of a primary for five seconds at most', async () => {
    const certificate = await createSelfSignedCertificate({ hosts: ['localhost'], days: 1, now: Date.now() })
    const clock = createManualClock()
    const server = admittingServer({
      certificate: createServedCertificate(certificate, { clock, log: silentLog }),
      clock,
    })
    await server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.server.address() as AddressInfo
    const inHandshake = connect(port, '127.0.0.1')
    await once(server.server, 'connection')
    const beginnings = [
      '',
      'POST /mc/v1/join HTTP/1.1\r\nHost: x\r\nContent-',
      'POST /mc/v1/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ]
    const talking = await Promise.all(
      beginnings.map(async (beginning) => {
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
        await once(socket, 'secureConnect')
        socket.write(beginning)
        return socket
      }),
    )
    const ends = [inHandshake, ...talking].map(closed)
    const stopped = server.close()
    await clock.timers(1)
    await clock.advance(closingPatience - 1)
    const held = await promisify(server.server.getConnections.bind(server.server))()
    assert.equal(held, ends.length, 'whoever has begun to ask has his time')
    await clock.advance(1)
    await Promise.all([stopped, ...ends])
  })
})

async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  socket.resume()
  if (!socket.destroyed) await once(socket, 'close')
}
