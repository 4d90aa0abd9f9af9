import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { ProtocolError } from '../../../../src/protocol/errors.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { type FakePrimary, type Handler, sendJson, startFakePrimary } from '../fake-primary.fixture.ts'
import { asker, forever, lineDeps, lineTo } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

describe('what is made of an answer that no primary has signed', () => {
  let primary: FakePrimary
  before(async () => {
    primary = await startFakePrimary({ tls: false })
  })
  after(async () => primary.close())
  beforeEach(() => {
    primary.intercept = undefined
  })

  async function explained(intercept: Handler): Promise<string> {
    primary.intercept = intercept
    const error = await refusal(lineTo(primary).introduce(primary.endpoint, asker, forever))
    return error.explained()
  }

  it('names an HTML page as something other than a primary', async () => {
    const text = await explained((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<html>Sign in</html>')
    })
    assert.equal(
      text,
      `NotOurServer: something other than a conjoin primary answers at ${primary.endpoint}: it answers with status 200 and text/html; check the host and the path of the endpoint in mc-join`,
    )
  })

  it('follows no redirect', async () => {
    const before = primary.requests.length
    const text = await explained((_request, response) => {
      response.writeHead(307, { location: `${primary.endpoint}/elsewhere` }).end()
    })
    assert.match(text, /^NotOurServer: .*: it answers with a redirect \(307\);/)
    assert.equal(primary.requests.length, before + 1)
  })

  it('reads no more than 64 KiB', async () => {
    const text = await explained((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ challenge: 'x'.repeat(64 * 1024) }))
    })
    assert.match(text, /^NotOurServer: .*: its answer is larger than 64 KiB;/)
  })

  it('reads no more of an answer without end, and ends its connection', async () => {
    const ended = Promise.withResolvers<void>()
    const text = await explained((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.once('close', () => ended.resolve())
      response.on('drain', () => response.write(' '.repeat(64 * 1024)))
      response.write(' '.repeat(64 * 1024))
    })
    assert.match(text, /^NotOurServer: .*: its answer is larger than 64 KiB;/)
    await ended.promise
  })

  it('takes the code of a problem, and none of its words', async () => {
    primary.intercept = (_request, response) => {
      response.setHeader('retry-after', '10')
      sendJson(
        response,
        503,
        { code: 'PendingApproval', detail: 'paste your token at evil.example' },
        'application/problem+json',
      )
    }
    const error = await refusal(lineTo(primary).introduce(primary.endpoint, asker, forever))
    assert.equal(error.code, 'PendingApproval')
    assert.equal(error.retryAfterMs, 10_000)
    assert.doesNotMatch(error.explained(), /evil/)
  })

  it('believes no unsigned code that only a signature may bring', async () => {
    for (const code of ['TokenInvalid', 'Disconnected', 'UnknownCluster', 'KeyMismatch', 'NoSuchCode']) {
      const text = await explained((_request, response) =>
        sendJson(response, 403, { code }, 'application/problem+json'),
      )
      assert.match(text, /^NotOurServer: .*: it answers with status 403 and application\/problem\+json;/, code)
    }
  })

  const wishes: readonly (readonly [header: string, believedMs: number | undefined])[] = [
    ['0', 0],
    ['10', 10_000],
    ['300', 300_000],
    ['86400', 300_000],
    ['99999999', 300_000],
    ['9999999999', undefined],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['Fri, 31 Dec 2100 23:59:59 GMT', undefined],
    ['tomorrow', undefined],
    ['', undefined],
  ]
  for (const [header, believedMs] of wishes)
    it(`takes Retry-After "${header}" for ${believedMs === undefined ? 'no wish' : `${believedMs} ms`}`, async () => {
      primary.intercept = (_request, response) => {
        response.setHeader('retry-after', header)
        sendJson(response, 503, { code: 'Busy' }, 'application/problem+json')
      }
      const error = await refusal(lineTo(primary).introduce(primary.endpoint, asker, forever))
      assert.equal(error.code, 'Busy')
      assert.equal(error.retryAfterMs, believedMs)
    })

  it('waits for a whole answer no longer than its time, however often a piece comes', async () => {
    const clock = createManualClock()
    const answering = Promise.withResolvers<void>()
    primary.intercept = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"challenge":')
      answering.resolve()
    }
    const asked = refusal(lineTo(primary, lineDeps({ clock })).introduce(primary.endpoint, asker, forever))
    await answering.promise
    await clock.advance(20_000)
    const error = await asked
    assert.match(error.explained(), /^ConnectTimeout: .*: no complete answer within 15 s;/)
  })

  it('ends with the reason of its signal when it is aborted', async () => {
    const stop = new AbortController()
    primary.intercept = () => stop.abort(new Error('stopped'))
    await assert.rejects(lineTo(primary).introduce(primary.endpoint, asker, stop.signal), /^Error: stopped$/)
  })

  it('puts the path of the endpoint before its own', async () => {
    await lineTo(primary).introduce(primary.endpoint, asker, forever)
    assert.equal(primary.requests.at(-1)?.path, '/k10/mc/v1/join/challenge')
  })
})

describe('a primary that gives no answer', () => {
  it('is told as ConnectRefused where nothing listens', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    const error = await ask(`https://127.0.0.1:${port}`)
    assert.equal(
      error.explained(),
      `ConnectRefused: the primary cannot be reached at https://127.0.0.1:${port}: nothing listens there; check the endpoint in mc-join, and that the primary is running`,
    )
  })

  it('is told as DnsFailure where its name does not exist', async () => {
    const error = await ask('https://no-such-host.invalid/k10')
    assert.equal(error.code, 'DnsFailure')
    assert.match(error.message, /the host name of https:\/\/no-such-host\.invalid\/k10 cannot be resolved: /)
  })

  it('is told as NotOurServer where an https endpoint does not speak TLS', async (t) => {
    const plain = await startFakePrimary({ tls: false })
    t.after(async () => plain.close())
    const error = await refusal(lineTo(plain).introduce(plain.endpoint.replace('http:', 'https:'), asker, forever))
    assert.match(error.explained(), /^NotOurServer: .*: the server does not speak TLS;/)
  })

  it('is told as ConnectRefused where the connection is cut', async (t) => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const error = await ask(`http://127.0.0.1:${port}`)
    assert.match(error.explained(), /^ConnectRefused: .*: the connection was cut;/)
  })

  it('is told as NotOurServer where the answer is not HTTP', async (t) => {
    const server = createServer((socket) => socket.end('220 mail.example ESMTP\r\n')).listen(0, '127.0.0.1')
    t.after(() => server.close())
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const error = await ask(`http://127.0.0.1:${port}`)
    assert.match(error.explained(), /^NotOurServer: .*: the answer is not HTTP;/)
  })
})

/** Asks an endpoint with the token of a primary that is gone. */
async function ask(endpoint: string): Promise<ProtocolError> {
  const primary = await startFakePrimary({ tls: false })
  await primary.close()
  return refusal(lineTo(primary).introduce(endpoint, asker, forever))
}
