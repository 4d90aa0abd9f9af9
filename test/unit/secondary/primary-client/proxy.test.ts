import assert from 'node:assert/strict'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { Proxies } from '../../../../src/secondary/primary-client/proxy.ts'
import { proxyFor } from '../../../../src/secondary/primary-client/proxy.ts'
import { type FakePrimary, startFakePrimary } from '../fake-primary.fixture.ts'
import { asker, forever, lineDeps, lineTo } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

describe('the choice of a proxy', () => {
  const proxies: Proxies = { https: 'http://proxy.example:3128', http: 'other.example:8080' }
  const choose = (url: string, noProxy?: string) =>
    proxyFor(new URL(url), noProxy === undefined ? proxies : { ...proxies, noProxy })?.host

  it('goes by the scheme of the endpoint', () => {
    assert.equal(choose('https://primary.example'), 'proxy.example:3128')
    assert.equal(choose('http://primary.example'), 'other.example:8080')
    assert.equal(proxyFor(new URL('https://primary.example'), {}), undefined)
  })

  const exempt: readonly [url: string, noProxy: string, isExempt: boolean][] = [
    ['https://primary.example', '*', true],
    ['https://primary.example', 'primary.example', true],
    ['https://primary.example', 'other.example, Primary.Example', true],
    ['https://a.primary.example', 'primary.example', true],
    ['https://a.primary.example', '.primary.example', true],
    ['https://a.primary.example', '*.primary.example', true],
    ['https://notprimary.example', 'primary.example', false],
    ['https://primary.example.evil', 'primary.example', false],
    ['https://primary.example', 'primary.example:443', true],
    ['https://primary.example', 'primary.example:8443', false],
    ['https://10.1.2.3', '10.0.0.0/8', true],
    ['https://11.1.2.3', '10.0.0.0/8', false],
    ['https://10.1.2.3', '10.1.2.3', true],
    ['https://110.1.2.3', '10.1.2.3', false],
    ['https://[fd00::1]', 'fd00::/8', true],
    ['https://[fd00::1]:8443', '[fd00::1]:8443', true],
    ['https://[fd00::1]', 'fd00::1', true],
    ['https://primary.example', '10.0.0.0/8', false],
    ['https://10.1.2.3', '10.0.0.0/99', false],
  ]
  for (const [url, noProxy, isExempt] of exempt)
    it(`${isExempt ? 'spares' : 'does not spare'} ${url} with NO_PROXY=${noProxy}`, () => {
      assert.equal(choose(url, noProxy) === undefined, isExempt)
    })

  it('refuses a proxy that is not http:// or https://, without repeating it', async () => {
    const error = await refusal(
      (async () => proxyFor(new URL('https://primary.example'), { https: 'socks5://user:word@proxy' }))(),
    )
    assert.equal(error.code, 'ProxyError')
    assert.doesNotMatch(error.explained(), /word/)
  })

  it('refuses credentials that cannot be decoded, for either scheme, without repeating them', async () => {
    for (const scheme of ['http', 'https'] as const) {
      const target = new URL(`${scheme}://primary.example`)
      const error = await refusal((async () => proxyFor(target, { [scheme]: 'http://user:word%zz@proxy' }))())
      assert.match(error.explained(), /^ProxyError: the user info .*; check HTTPS_PROXY and NO_PROXY/)
      assert.doesNotMatch(error.explained(), /word/)
    }
  })
})

describe('a primary behind a proxy', () => {
  let primary: FakePrimary
  let proxy: Awaited<ReturnType<typeof startProxy>>
  before(async () => {
    primary = await startFakePrimary()
    proxy = await startProxy(() => primary.port)
  })
  after(async () => {
    await proxy.close()
    await primary.close()
  })
  beforeEach(() => {
    proxy.status = 200
  })

  const through = () => lineDeps({ proxies: { https: proxy.url, http: proxy.url } })

  it('is reached through a tunnel, with the name that only the proxy can resolve', async (t) => {
    const line = lineTo(primary, through())
    t.after(() => line.close())
    await line.introduce('https://primary.test/k10', asker, forever)
    assert.equal(proxy.asked.at(-1), 'CONNECT primary.test:443')
  })

  it('gives the proxy the credentials of its URL', async (t) => {
    const url = proxy.url.replace('http://', 'http://user:pass%20word@')
    const line = lineTo(primary, lineDeps({ proxies: { https: url } }))
    t.after(() => line.close())
    await line.introduce('https://primary.test/k10', asker, forever)
    assert.equal(proxy.authorization, `Basic ${Buffer.from('user:pass word').toString('base64')}`)
  })

  it('is told apart from the proxy, which refuses by itself', async (t) => {
    const line = lineTo(primary, through())
    t.after(() => line.close())
    proxy.status = 407
    const error = await refusal(line.introduce('https://primary.test/k10', asker, forever))
    assert.equal(
      error.explained(),
      `ProxyError: the proxy ${proxy.url} wants other credentials (407), at https://primary.test/k10; check HTTPS_PROXY and NO_PROXY of the conjoin secondary`,
    )
    proxy.status = 502
    const other = await refusal(line.introduce('https://primary.test/k10', asker, forever))
    assert.match(other.explained(), /^ProxyError: .* refused the connection with status 502/)
  })

  it('is told apart from a proxy that is not there, whose credentials are not shown', async (t) => {
    const gone = await startProxy(() => 0)
    await gone.close()
    const url = gone.url.replace('http://', 'http://user:hidden@')
    const line = lineTo(primary, lineDeps({ proxies: { https: url } }))
    t.after(() => line.close())
    const error = await refusal(line.introduce('https://primary.test/k10', asker, forever))
    assert.match(
      error.explained(),
      /^ProxyError: the proxy http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/,
    )
    assert.doesNotMatch(error.explained(), /hidden/)
  })

  it('is asked directly where NO_PROXY spares it', async (t) => {
    const count = proxy.asked.length
    const line = lineTo(primary, lineDeps({ proxies: { https: proxy.url, noProxy: '127.0.0.0/8' } }))
    t.after(() => line.close())
    await line.introduce(primary.endpoint, asker, forever)
    assert.equal(proxy.asked.length, count)
  })

  it('gets plain HTTP with the whole URL, and the proxy is still told apart', async (t) => {
    const plain = await startFakePrimary({ tls: false })
    t.after(async () => plain.close())
    const forwarder = await startProxy(() => plain.port)
    t.after(async () => forwarder.close())
    const line = lineTo(plain, lineDeps({ proxies: { http: forwarder.url } }))
    t.after(() => line.close())
    await line.introduce('http://primary.test/k10', asker, forever)
    assert.equal(forwarder.asked.at(-1), 'POST http://primary.test/k10/mc/v1/join/challenge')
    forwarder.status = 407
    const error = await refusal(line.introduce('http://primary.test/k10', asker, forever))
    assert.match(error.explained(), /^ProxyError: .* wants other credentials \(407\)/)
  })
})

/** A proxy that leads every name to one port on loopback. */
async function startProxy(targetPort: () => number) {
  const proxy = {
    url: '',
    asked: [] as string[],
    authorization: undefined as string | undefined,
    /** Anything but 200 is what it answers by itself. */
    status: 200,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
  const note = (request: IncomingMessage) => {
    proxy.asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    proxy.authorization = request.headers['proxy-authorization']
  }
  const server = createServer((request, response) => {
    note(request)
    if (proxy.status !== 200) {
      response.writeHead(proxy.status).end()
      return
    }
    const { pathname } = new URL(request.url ?? '')
    const onward = httpRequest(
      { port: targetPort(), path: pathname, method: request.method, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers)
        answer.pipe(response)
      },
    )
    request.pipe(onward)
  })
  server.on('connect', (request, socket) => {
    note(request)
    if (proxy.status !== 200) {
      socket.end(`HTTP/1.1 ${proxy.status} Refused\r\ncontent-length: 0\r\n\r\n`)
      return
    }
    const onward = connect(targetPort(), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(onward).pipe(socket)
    })
    socket.on('error', () => onward.destroy())
    onward.on('error', () => socket.destroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return proxy
}
