/** A proxy that means harm, or is broken: every way ends as an error of the protocol and leaves no connection behind. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type FakePrimary, startFakePrimary } from '../fake-primary.fixture.ts'
import { asker, forever, lineDeps, lineTo } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

const established = 'HTTP/1.1 200 OK\r\n\r\n'
const ways: Readonly<Record<string, readonly [code: string, answer: (socket: Socket) => void]>> = {
  'is cut off before it answers': ['ProxyError', (socket) => socket.resetAndDestroy()],
  'is cut off behind its consent': [
    'ConnectRefused',
    (socket) => {
      socket.write(established)
      socket.once('data', () => socket.resetAndDestroy())
    },
  ],
  'ends behind its consent': ['ConnectRefused', (socket) => socket.end(established)],
  'speaks for the primary': ['NotOurServer', (socket) => void socket.write(`${established}HTTP/1.1 200 OK\r\n\r\n{}`)],
  'leads elsewhere': ['ProxyError', (socket) => void socket.write('HTTP/1.1 302 Found\r\nLocation: http://x\r\n\r\n')],
  'changes the protocol': ['ProxyError', (socket) => void socket.write('HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n')],
  'sends a header without end': [
    'ProxyError',
    (socket) => void socket.write(`HTTP/1.1 200 OK\r\nx: ${'a'.repeat(1e6)}`),
  ],
  'sends a page without end': [
    'ProxyError',
    (socket) => {
      socket.on('drain', () => socket.write('x'.repeat(100_000)))
      socket.write(`HTTP/1.1 403 Forbidden\r\n\r\n${'x'.repeat(100_000)}`)
    },
  ],
  'is no proxy': ['ProxyError', (socket) => void socket.write('SSH-2.0-x\r\n')],
}

describe('a tunnel through a proxy', () => {
  let primary: FakePrimary
  before(async () => {
    primary = await startFakePrimary()
  })
  after(async () => primary.close())

  for (const [what, [code, answer]] of Object.entries(ways))
    it(`ends as ${code}, and no connection is left, where the proxy ${what}`, async (t) => {
      const closed = Promise.withResolvers<void>()
      const proxy = createServer((socket) => {
        socket.once('close', () => closed.resolve()).on('error', () => undefined)
        socket.once('data', () => answer(socket))
      }).listen(0, '127.0.0.1')
      t.after(() => proxy.close())
      await once(proxy, 'listening')
      const https = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
      const line = lineTo(primary, lineDeps({ proxies: { https } }))
      const error = await refusal(line.introduce(primary.endpoint, asker, forever))
      assert.equal(error.code, code)
      await closed.promise
      assert.equal(primary.requests.length, 0)
    })
})
