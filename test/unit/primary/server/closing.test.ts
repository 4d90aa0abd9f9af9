/** A join server that is told to stop while clients are connected: nobody is left without an answer, or sent the wrong one. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { challengePath, joinPath } from '../../../../src/protocol/wire.ts'
import { admittingServer } from './join-server.fixture.ts'

describe('a join server that stops', { timeout: 20_000 }, () => {
  it('answers what it is asked over a connection that is open already, and ends that connection', async () => {
    const server = admittingServer()
    const socket = await connectTo(server)
    const stopped = server.close()
    await refusesNewcomers(server)
    socket.write(requestTo(joinPath))
    const answer = await text(socket)
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.match(answer, /^connection: close\r$/im)
    assert.match(answer, /\{"result":"given"\}$/)
    await stopped
  })

  it('answers what is in work, and ends its connection instead of keeping it for the next request', async () => {
    const asked = Promise.withResolvers<void>()
    const known = Promise.withResolvers<void>()
    const server = admittingServer({
      joins: {
        async challenge() {
          asked.resolve()
          await known.promise
          return { status: 200, body: { challenge: 'late' } }
        },
        join: async () => assert.fail('nobody joins'),
      },
    })
    const socket = await connectTo(server)
    socket.write(requestTo(challengePath))
    await asked.promise
    const stopped = server.close()
    await refusesNewcomers(server)
    known.resolve()
    const answer = await text(socket)
    assert.match(answer, /^connection: close\r$/im)
    assert.match(answer, /\{"challenge":"late"\}$/)
    await stopped
  })

  it('lets connections live on that it is asked over, as long as it does not stop', async () => {
    const server = admittingServer()
    const socket = await connectTo(server)
    for (let round = 0; round < 2; round += 1) {
      socket.write(requestTo(joinPath))
      const [piece] = (await once(socket, 'data')) as [Buffer]
      assert.match(piece.toString(), /^connection: keep-alive\r$/im)
    }
    await Promise.all([server.close(), once(socket.resume(), 'close')])
  })
})

function requestTo(path: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}`
}

/** The server has taken the connection when this resolves. */
async function connectTo(server: FastifyInstance): Promise<Socket> {
  await server.listen({ host: '127.0.0.1', port: 0 })
  const taken = once(server.server, 'connection')
  const socket = connect(portOf(server), '127.0.0.1')
  await Promise.all([taken, once(socket, 'connect')])
  return socket
}

/** From then on the stop is under way. */
async function refusesNewcomers(server: FastifyInstance): Promise<void> {
  while (server.server.listening) await new Promise(setImmediate)
}

function portOf(server: FastifyInstance): number {
  return (server.server.address() as AddressInfo).port
}
