/** An answer of the primary that ends too early, at any of its bytes, is none: nothing is made of a part. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { describe, it } from 'node:test'
import { meaningOf } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { forever, lineDeps } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

const body = '{"reply":"a.b.c"}'
const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDPoP-Nonce: AAAA\r\n'
const answers = {
  'with its length': `${head}Content-Length: ${body.length}\r\n\r\n${body}`,
  'in chunks': `${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
}
const endings: Readonly<Record<string, (socket: Socket) => void>> = {
  'is closed': (socket) => socket.end(),
  'is cut': (socket) => socket.resetAndDestroy(),
}

/** A server that says this to every request, and then ends the connection in this way. */
async function serving(said: () => string, end: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.write(said(), () => end(socket)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const line = openLine(lineDeps(), { primaryUid: 'uid', primaryKey: generateSigningKey(), allowUntrustedTls: false })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    post: async () => line.post(endpoint, '/mc/v1/join', { body: '{}' }, forever),
    close: () => {
      line.close()
      server.close()
    },
  }
}

describe('an answer that ends too early', () => {
  for (const [form, whole] of Object.entries(answers))
    for (const [ending, end] of Object.entries(endings))
      it(`${form} is none, after whichever byte the connection ${ending}`, async () => {
        let bytes = 0
        const { post, close } = await serving(() => whole.slice(0, bytes), end)
        for (bytes = 0; bytes < whole.length; bytes += 1) {
          const { code } = await refusal(post())
          assert.equal(meaningOf(code).final, false, `${code} after ${bytes} bytes`)
        }
        close()
      })

  it('differs from a whole one, which is read', async () => {
    for (const whole of Object.values(answers)) {
      const { post, close } = await serving(
        () => whole,
        (socket) => socket.end(),
      )
      assert.deepEqual((await post()).body, { reply: 'a.b.c' })
      close()
    }
  })
})
