/** A connection that is kept for the next heartbeat may end at any moment, as when a replica of the primary stops. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { heartbeatPath } from '../../../../src/protocol/wire.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { forever, lineDeps } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

const body = '{"reply":"a.b.c"}'
const answer = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const endings: Readonly<Record<string, (socket: Socket) => void>> = {
  'is closed': (socket) => socket.end(),
  'is cut': (socket) => socket.resetAndDestroy(),
}

/** A line to a server that answers so many requests of each connection, in turn, and ends it instead of answering the next. */
async function lineTo(context: TestContext, answered: readonly number[], end: (socket: Socket) => void) {
  const asked: number[] = []
  const server = createServer((socket) => {
    const connection = asked.push(0) - 1
    socket.on('error', () => undefined)
    socket.on('data', () => {
      asked[connection] = (asked[connection] ?? 0) + 1
      if ((asked[connection] ?? 0) <= (answered[connection] ?? 0)) socket.write(answer)
      else end(socket)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const line = openLine(lineDeps(), { primaryUid: 'uid', primaryKey: generateSigningKey(), allowUntrustedTls: false })
  context.after(() => {
    line.close()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    /** The requests of each connection. */
    asked,
    post: async () => line.post(endpoint, heartbeatPath('east'), { body: '{}' }, forever),
  }
}

describe('a connection that is kept', () => {
  for (const [ending, end] of Object.entries(endings))
    it(`and ${ending} instead of an answer costs nothing: the request goes over a new one`, async (context) => {
      const { asked, post } = await lineTo(context, [1, 1], end)
      assert.deepEqual((await post()).body, { reply: 'a.b.c' })
      assert.deepEqual((await post()).body, { reply: 'a.b.c' })
      assert.deepEqual(asked, [2, 1])
    })

  it('is used for the next request, as long as it is there', async (context) => {
    const { asked, post } = await lineTo(context, [3], (socket) => socket.end())
    for (let round = 0; round < 3; round += 1) await post()
    assert.deepEqual(asked, [3])
  })

  it('is not made up for without end: a server that ends the new one too has not answered', async (context) => {
    const { asked, post } = await lineTo(context, [1], (socket) => socket.end())
    await post()
    assert.equal((await refusal(post())).code, 'ConnectRefused')
    assert.deepEqual(asked, [2, 1])
  })

  it('is one that has served before: a new one that ends without an answer is a failure at once', async (context) => {
    const { asked, post } = await lineTo(context, [], (socket) => socket.resetAndDestroy())
    assert.equal((await refusal(post())).code, 'ConnectRefused')
    assert.deepEqual(asked, [1])
  })
})
