import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from 'node:test'
import { createSelfSignedCertificate } from '../../../../src/primary/server/certificate.ts'
import { type ChallengeRequest, signChallenge } from '../../../../src/protocol/challenge.ts'
import { challengePath } from '../../../../src/protocol/wire.ts'
import { type FakePrimary, sendJson, spkiOf, startFakePrimary } from '../fake-primary.fixture.ts'
import { asker, forever, lineDeps, lineTo } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

const secretPath = '/mc/v1/join'
const secret = { body: '{"request":"secret"}' }

describe('a connection to a primary over TLS', () => {
  let primary: FakePrimary
  let directory: string
  before(async () => {
    primary = await startFakePrimary()
    directory = mkdtempSync(join(tmpdir(), 'conjoin-tls-'))
  })
  after(async () => {
    await primary.close()
    rmSync(directory, { recursive: true })
  })
  beforeEach(() => {
    primary.intercept = (_request, response) => sendJson(response, 200, {})
  })
  afterEach(() => {
    primary.spki = undefined
  })

  /** A line over a relay whose only connection the signed challenge has vouched for. */
  async function introduced(t: TestContext) {
    const relay = await startRelay(primary.port)
    t.after(async () => relay.close())
    const endpoint = `https://127.0.0.1:${relay.port}/k10`
    const line = lineTo(primary)
    t.after(() => line.close())
    primary.intercept = undefined
    await line.introduce(endpoint, asker, forever)
    primary.intercept = (_request, response) => sendJson(response, 200, {})
    return { relay, endpoint, line }
  }

  it('carries nothing while its certificate is not accepted', async (t) => {
    const count = primary.requests.length
    const line = lineTo(primary)
    t.after(() => line.close())
    const error = await refusal(line.post(primary.endpoint, secretPath, secret, forever))
    assert.equal(
      error.explained(),
      `TlsUntrusted: the primary's TLS certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT), at ${primary.endpoint}; check that nothing intercepts the connection, or give conjoin the CA bundle of the primary`,
    )
    assert.equal(primary.requests.length, count)
  })

  it('is good once the signed challenge lists the very key that it showed', async (t) => {
    const line = lineTo(primary)
    t.after(() => line.close())
    primary.intercept = undefined
    await line.introduce(primary.endpoint, asker, forever)
    primary.intercept = (_request, response) => sendJson(response, 200, {})
    assert.equal((await line.post(primary.endpoint, secretPath, secret, forever)).status, 200)
  })

  it('that its challenge has vouched for carries what is sent next', async (t) => {
    const { relay, endpoint, line } = await introduced(t)
    await line.post(endpoint, secretPath, secret, forever)
    assert.equal(relay.connections(), 1)
  })

  it('goes over to the next line to the same primary, and to no other', async (t) => {
    const relay = await startRelay(primary.port)
    t.after(async () => relay.close())
    const endpoint = `https://127.0.0.1:${relay.port}/k10`
    const deps = lineDeps()
    const ended = lineTo(primary, deps)
    primary.intercept = undefined
    await ended.introduce(endpoint, asker, forever)
    ended.close()
    primary.intercept = (_request, response) => sendJson(response, 200, {})

    const other = await startFakePrimary({ tls: false })
    t.after(async () => other.close())
    const toOther = lineTo(other, deps)
    t.after(() => toOther.close())
    assert.equal((await refusal(toOther.post(endpoint, secretPath, secret, forever))).code, 'TlsUntrusted')
    assert.equal(relay.connections(), 2)

    const next = lineTo(primary, deps)
    t.after(() => next.close())
    assert.equal((await next.post(endpoint, secretPath, secret, forever)).status, 200)
    assert.equal(relay.connections(), 2)
  })

  it('carries nothing more for a line that has been closed', async () => {
    primary.intercept = undefined
    const line = lineTo(primary)
    await line.introduce(primary.endpoint, asker, forever)
    line.close()
    const count = primary.requests.length
    assert.equal((await refusal(line.post(primary.endpoint, secretPath, secret, forever))).code, 'ConnectRefused')
    assert.equal(primary.requests.length, count)
  })

  it('ends with its line where an answer is still awaited', async () => {
    const line = lineTo(primary, lineDeps(), { allowUntrustedTls: true })
    const asked = Promise.withResolvers<void>()
    primary.intercept = () => asked.resolve()
    const answer = refusal(line.post(primary.endpoint, secretPath, secret, forever))
    await asked.promise
    line.close()
    assert.equal((await answer).code, 'ConnectRefused')
  })

  it('is not good by a challenge that lists another key', async (t) => {
    primary.intercept = undefined
    const other = await createSelfSignedCertificate({ hosts: ['127.0.0.1'], days: 1, now: Date.now() })
    primary.spki = [spkiOf(other.certificatePem)]
    const line = lineTo(primary)
    t.after(() => line.close())
    assert.equal((await refusal(line.introduce(primary.endpoint, asker, forever))).code, 'TlsUntrusted')
    assert.equal((await refusal(line.post(primary.endpoint, secretPath, secret, forever))).code, 'TlsUntrusted')
  })

  it('vouched for by one primary is not good for another', async (t) => {
    primary.intercept = undefined
    const deps = lineDeps()
    const line = lineTo(primary, deps)
    t.after(() => line.close())
    await line.introduce(primary.endpoint, asker, forever)
    const other = await startFakePrimary({ tls: false })
    t.after(async () => other.close())
    const toOther = lineTo(other, deps)
    t.after(() => toOther.close())
    assert.equal((await refusal(toOther.post(primary.endpoint, secretPath, secret, forever))).code, 'TlsUntrusted')
  })

  it('shows nothing but the question to whoever intercepts it and asks the true primary for the answer', async (t) => {
    const interceptor = await startFakePrimary()
    t.after(async () => interceptor.close())
    interceptor.intercept = async (_request, response, body) => {
      const challenge = await signChallenge(primary.issuer, JSON.parse(body) as ChallengeRequest, {
        spki: [spkiOf(primary.certificate)],
        now: Date.now(),
      })
      sendJson(response, 200, { challenge })
    }
    const line = lineTo(primary)
    t.after(() => line.close())
    assert.equal((await refusal(line.introduce(interceptor.endpoint, asker, forever))).code, 'TlsUntrusted')
    await refusal(line.post(interceptor.endpoint, secretPath, secret, forever))
    assert.deepEqual(
      interceptor.requests.map(({ path }) => path),
      [`/k10${challengePath}`],
    )
  })

  it('is accepted with a chain that the CA bundle vouches for, also where the bundle is replaced later', async (t) => {
    const caBundleFile = join(directory, 'ca.pem')
    writeFileSync(caBundleFile, '')
    const line = lineTo(primary, lineDeps({ caBundleFile }))
    t.after(() => line.close())
    const post = async () => line.post(primary.endpoint, secretPath, secret, forever)
    assert.equal((await refusal(post())).code, 'TlsUntrusted')
    writeFileSync(caBundleFile, primary.certificate)
    assert.equal((await post()).status, 200)
  })

  it('is not accepted for another host name', async (t) => {
    const caBundleFile = join(directory, 'ca-names.pem')
    writeFileSync(caBundleFile, primary.certificate)
    const line = lineTo(primary, lineDeps({ caBundleFile }))
    t.after(() => line.close())
    const other = primary.endpoint.replace('127.0.0.1', 'localhost')
    const error = await refusal(line.post(other, secretPath, secret, forever))
    assert.match(error.explained(), /^TlsUntrusted: .*\(ERR_TLS_CERT_ALTNAME_INVALID\)/)
  })

  it('survives a CA bundle that cannot be read', async (t) => {
    const line = lineTo(primary, lineDeps({ caBundleFile: join(directory, 'missing.pem') }))
    t.after(() => line.close())
    primary.intercept = undefined
    await line.introduce(primary.endpoint, asker, forever)
  })

  it('never resumes a session, for then no certificate would be shown', async (t) => {
    const deps = lineDeps()
    primary.intercept = undefined
    const count = primary.requests.length
    for (let connection = 0; connection < 3; connection += 1) {
      const line = lineTo(primary, deps)
      t.after(() => line.close())
      await line.introduce(primary.endpoint, asker, forever)
    }
    const reused = primary.requests.slice(count).map(({ isSessionReused }) => isSessionReused)
    assert.deepEqual(reused, [false, false, false])
  })

  it('is accepted with any certificate where the user allows it', async (t) => {
    const line = lineTo(primary, lineDeps(), { allowUntrustedTls: true })
    t.after(() => line.close())
    assert.equal((await line.post(primary.endpoint, secretPath, secret, forever)).status, 200)
  })

  it('is judged anew for each connection: a key that has changed in between gets nothing', async (t) => {
    const imposter = await startFakePrimary()
    t.after(async () => imposter.close())
    const { relay, endpoint, line } = await introduced(t)
    assert.equal((await line.post(endpoint, secretPath, secret, forever)).status, 200)
    relay.switchTo(imposter.port)
    assert.equal((await refusal(line.post(endpoint, secretPath, secret, forever))).code, 'TlsUntrusted')
    assert.deepEqual(imposter.requests, [])
  })
})

/** Passes bytes on; `switchTo` cuts what is open and leads what comes next elsewhere. */
async function startRelay(firstPort: number) {
  let target = firstPort
  let connections = 0
  const open = new Set<Socket>()
  const server = createTcpServer((socket) => {
    connections += 1
    const onward = connect(target, '127.0.0.1')
    for (const end of [socket, onward]) {
      open.add(end)
      end.on('error', () => undefined)
      end.on('close', () => open.delete(end))
    }
    socket.pipe(onward).pipe(socket)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const cut = () => {
    for (const socket of open) socket.destroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    /** That have been opened so far. */
    connections: () => connections,
    switchTo(port: number) {
      target = port
      cut()
    },
    async close() {
      cut()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
