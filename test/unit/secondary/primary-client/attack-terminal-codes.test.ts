/** Whatever answers in place of a primary, before any signature: its headers end up in a status that people print. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { it } from 'node:test'
import { startFakePrimary } from '../fake-primary.fixture.ts'
import { asker, forever, lineTo } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

const types = {
  'a terminal code of one byte': Buffer.from([0x9b, 0x32, 0x4a]),
  'bytes that are no ASCII': Buffer.from('text/\u202Elmth'),
  'a sentence': Buffer.from('join/me at evil.example'),
}
for (const [what, type] of Object.entries(types))
  it(`nothing of a media type is repeated that is none: ${what}`, async (t) => {
    const server = createServer((socket) => {
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Type: ')
        socket.write(type)
        socket.end('\r\nContent-Length: 0\r\n\r\n')
      })
    }).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const primary = await startFakePrimary({ tls: false })
    t.after(async () => primary.close())
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const error = await refusal(lineTo(primary).introduce(endpoint, asker, forever))
    assert.match(error.message, /^something other than a conjoin primary answers at \S+: it answers with status 200$/)
  })
