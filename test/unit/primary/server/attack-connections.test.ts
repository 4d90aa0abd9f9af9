import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createSelfSignedCertificate } from '../../../../src/primary/server/certificate.ts'
import { boundIdleConnections } from '../../../../src/primary/server/connections.ts'
import { createServedCertificate } from '../../../../src/primary/server/served-certificate.ts'
import { challengePath } from '../../../../src/protocol/wire.ts'
import { silentLog } from '../silent-log.fixture.ts'
import { admittingServer, hardlyAny } from './join-server.fixture.ts'

describe('a client of the TLS listener that says little', () => {
  let server: FastifyInstance
  let port: number

  before(async () => {
    const certificate = await createSelfSignedCertificate({ hosts: ['localhost'], days: 1, now: Date.now() })
    server = admittingServer({
      certificate: createServedCertificate(certificate, { clock: systemClock, log: silentLog }),
    })
    await server.listen({ host: '127.0.0.1', port: 0 })
    port = (server.server.address() as AddressInfo).port
  })

  after(async () => server.close())

  // Node alone would wait 30 s longer for a request, and 120 s for a handshake.
  it('is cut off within seconds, in the handshake, in the header and in the body', { timeout: 25_000 }, async () => {
    const silent = connect(port, '127.0.0.1')
    const slow = [
      'POST /mc/v1/join HTTP/1.1\r\nHost: x\r\nContent-',
      'POST /mc/v1/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ].map((text) => {
      const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.write(text))
      return socket
    })
    await Promise.all([silent, ...slow].map(closed))
  })
})

describe('idle connections', () => {
  it('are closed beyond their number, the longest idle first, and never while a request runs', async () => {
    const server = createServer((request, answer) => {
      if (request.url === '/quick') answer.end('done')
    })
    boundIdleConnections(server, 2)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const open = async (path?: string): Promise<Socket> => {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      if (path !== undefined) {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
        if (path === '/quick') await once(socket, 'data')
        else await once(server, 'request')
      }
      return socket
    }
    const working = await open('/slow')
    const first = await open('/quick')
    const second = await open('/quick')
    const third = open('/quick')
    await closed(first)
    await closed(await open().then(() => second))
    assert.ok(!(await third).destroyed)
    assert.ok(!working.destroyed)
    server.closeAllConnections()
    server.close()
  })
})

describe('connections under TLS', () => {
  it('are closed in their handshake and after it, and never while a request runs', { timeout: 10_000 }, async () => {
    const made = await createSelfSignedCertificate({ hosts: ['localhost'], days: 1, now: Date.now() })
    const server = createTlsServer({ cert: made.certificatePem, key: made.privateKeyPem }, (request, answer) => {
      if (request.url === '/') answer.end('done')
    })
    boundIdleConnections(server, 2)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const working = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    working.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(server, 'request')
    const silent = connect(port, '127.0.0.1')
    await once(server, 'connection')
    const shaken = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(shaken, 'secureConnect')
    const used = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await Promise.all([closed(silent), once(used, 'secureConnect')])
    used.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    await once(used, 'data')
    const next = connect(port, '127.0.0.1')
    await closed(shaken)
    assert.ok(!used.destroyed && !next.destroyed && !working.destroyed)
    server.closeAllConnections()
    next.destroy()
    server.close()
  })
})

describe('a path that is not well-formed', () => {
  it('gets a problem without any of it, and counts', async () => {
    const server = admittingServer({ sources: createBuckets({ burst: 3, perSecond: hardlyAny }, systemClock) })
    for (const path of ['/mc/v1/clusters/%E0%A4%A/heartbeat', `/mc/v1/clusters/${'x'.repeat(101)}/heartbeat`, '/%']) {
      const answer = await server.inject({ method: 'POST', url: path })
      assert.equal(answer.statusCode, 400)
      assert.equal(answer.headers['content-type'], 'application/problem+json')
      assert.doesNotMatch(answer.payload, /fst_err|%E0|xxx/i)
    }
    const headers = { 'content-type': 'application/json' }
    assert.equal((await server.inject({ method: 'POST', url: challengePath, headers, payload: '{}' })).statusCode, 429)
  })
})

async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  socket.resume()
  if (!socket.destroyed) await once(socket, 'close')
}
