/** What a stranger can do to the join endpoint over HTTP, and that good joins go on meanwhile. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { askForChallenge, openChallenge } from '../../src/protocol/challenge.ts'
import { signJoinRequest } from '../../src/protocol/join-request.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { generateExchangeKey } from '../../src/protocol/seal.ts'
import { issueToken, type JoinToken, parseToken } from '../../src/protocol/token.ts'
import { challengePath, heartbeatPath, joinPath, maxRequestBytes } from '../../src/protocol/wire.ts'
import type { RunningPrimary } from '../../tools/installation.ts'
import { watchDials } from '../support/dials.ts'
import { createJoiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { createStranger, type Stranger, type StrangersAnswer } from '../support/stranger.ts'
import { until } from '../support/until.ts'

describe('a hostile client', () => {
  let pair: Pair
  let scene: Scene
  let primary: RunningPrimary
  let token: JoinToken
  let stranger: Stranger

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('hostile', { scheme: 'http' })
    primary = await scene.startPrimary()
    stranger = createStranger(primary.endpoint)
    await scene.bootstrap()
    token = parseToken((await scene.token()).token)
  })

  after(async () => {
    await scene.end([{ where: 'answers of the primary', text: stranger.heard() }])
    await pair.stop()
  })

  const post: Stranger['post'] = async (...args) => stranger.post(...args)

  const malformed: readonly [string, string | Buffer][] = [
    ['no JSON at all', 'hello'],
    ['an empty body', ''],
    ['JSON nested deeper than eight', `${'['.repeat(9)}${']'.repeat(9)}`],
    ['a member twice', '{"v":1,"v":1}'],
    ['a prototype key', '{"__proto__":{"admin":true}}'],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['a challenge request without its fields', '{"v":1}'],
  ]
  for (const [what, body] of malformed)
    it(`gets a 400 for ${what}`, async () => {
      assertProblem(await post(challengePath, body), 400)
      assertProblem(await post(joinPath, body), 400)
    })

  it('gets a 426 for another version of the protocol, which says which one is spoken here', async () => {
    const answer = await post(challengePath, '{"v":2,"tid":"AAAAAAAAAAAAAAAA"}')
    assertProblem(answer, 426)
    assert.match(answer.body, /VersionTooOld.*speaks version 2 of the protocol, and this primary version 1/)
  })

  it('gets a 413 for a body of a megabyte, and for one byte more than 16 KiB', async () => {
    assertProblem(await post(joinPath, Buffer.alloc(maxRequestBytes + 1, 0x20)), 413)
    // The server may close the connection while the rest is still being sent.
    const large = await post(joinPath, Buffer.alloc(1024 * 1024, 0x20)).catch((error: NodeJS.ErrnoException) => error)
    if (large instanceof Error) assert.match(large.code ?? '', /ECONNRESET|EPIPE/)
    else assertProblem(large, 413)
  })

  it('gets a 415 for another content type', async () => {
    assertProblem(await post(joinPath, '{}', { headers: { 'content-type': 'text/plain' } }), 415)
  })

  it('finds no other route, however it is spelled', async () => {
    for (const path of [
      '/',
      '/metrics',
      '/mc/v1',
      '/mc/v1/join/',
      '/mc/v1/..%2f..%2fetc',
      '/mc/v2/join',
      '//mc/v1/join',
    ])
      assertProblem(await post(path, '{}'), 404)
  })

  it('gets a 401 for a heartbeat without a token or a proof', async () => {
    assertProblem(await post(heartbeatPath('east'), '{}'), 401)
    assertProblem(await post(heartbeatPath('east'), '{}', { headers: { authorization: 'Bearer x' } }), 401)
  })

  it('is cut off when it sends its header or its body byte by byte', async () => {
    const beginnings = [
      'POST /mc/v1/join HTTP/1.1\r\nHost: x\r\nContent-',
      'POST /mc/v1/join HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{',
    ]
    const ends = beginnings.map(async (text) => {
      let answer = ''
      const socket = stranger.hold(text).on('data', (piece: Buffer) => {
        answer += piece.toString()
      })
      await once(socket, 'close')
      return answer
    })
    for (const answer of await Promise.all(ends)) assert.match(answer, /^(HTTP\/1\.1 408 |$)/)
  })

  it('is slowed down by its address when it floods, while every good cluster joins from another', async () => {
    const question = JSON.stringify(
      askForChallenge({ tokenId: token.id, primaryKey: token.primaryKey, thumbprint: 'A'.repeat(43) }),
    )
    const before = await megabytes(primary.pid, 'VmRSS')
    /** Fifty at a time from one address, again and again. */
    const flood = async (from: string, body: string | Buffer) => {
      const got: StrangersAnswer[] = []
      for (let round = 0; round < 20; round += 1) {
        // The server may close the connection while the rest is still being sent.
        const sent = Array.from({ length: 50 }, async () => post(joinPath, body, { from }).catch(() => undefined))
        for (const answer of await Promise.all(sent)) if (answer !== undefined) got.push(answer)
      }
      return got
    }
    const head = `POST ${joinPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`
    const half = `${head}Content-Length: 16000\r\n\r\n{"request":"${'a'.repeat(8_000)}`
    const slow = Array.from({ length: 200 }, () => stranger.hold(half, '127.0.0.69'))
    // Of bodies that name no length, nobody may collect more than a small part.
    const endless = `${head}Transfer-Encoding: chunked\r\n\r\n100000\r\n${'a'.repeat(0x100000)}`
    slow.push(...Array.from({ length: 200 }, () => stranger.hold(endless, '127.0.0.70')))
    const floods = [
      flood('127.0.0.66', question),
      flood('127.0.0.67', `${'['.repeat(8_000)}${']'.repeat(8_000)}`),
      flood('127.0.0.68', `{"request":"${'a.'.repeat(8_000)}","__proto__":{"admin":true}}`),
    ]
    const { endpoint, token: text } = await scene.token('good')
    const joiners = Array.from({ length: 12 }, async (_, index) => {
      const joiner = createJoiner()
      const outcome = await joiner.join({ endpoint, token: text, name: `good-${index}` })
      return [outcome.kind, await joiner.confirm()]
    })
    await scene.startSecondary({ 'allow-insecure-primary-ingress': 'true' })
    await scene.mcJoin({ endpoint, token: text, clusterName: 'east' })
    await scene.untilStatus('Joined')
    for (const joined of await Promise.all(joiners)) assert.deepEqual(joined, ['joined', 'ok'])
    for (const answers of await Promise.all(floods)) {
      const refused = answers.filter(({ status }) => status === 429)
      assert.ok(refused.length > 0, 'the flood meets its limit')
      for (const { headers } of refused) assert.match(String(headers['retry-after']), /^[1-9]\d*$/)
      assert.ok(answers.every(({ status }) => status === 400 || status === 429))
    }
    const grown = (await megabytes(primary.pid, 'VmHWM')) - before
    assert.ok(grown < 100, `memory stays bounded: at its highest it had grown by ${grown} MB`)
    for (const socket of slow) socket.destroy()
  })

  it('cannot make the primary dial an address that it names as its own, nor ask for a name', async () => {
    const addresses = [
      'http://169.254.169.254/latest/meta-data',
      'https://[::1]:6443',
      // Whoever looked it up could be led elsewhere the next time.
      'https://rebind.test:8443/k10',
    ]
    // It looks at its own address only where that is one of TLS.
    const spied = await pair.scene('hostile-spied')
    const [first, next] = ['first', 'next'].map((name) => watchDials(join(pair.primary.dir, `dials-${name}.txt`)))
    assert.ok(first !== undefined && next !== undefined)
    const { endpoint } = await spied.startPrimary({}, first.env)
    await spied.bootstrap()
    const { token: text } = await spied.token()
    for (const [index, url] of addresses.entries()) {
      const name = `spy-${index}`
      const spy = createJoiner({ ingressUrl: url })
      assert.equal((await spy.join({ endpoint, token: text, name })).kind, 'joined')
      assert.equal(await spy.confirm(), 'ok')
      await spied.untilReady(name)
      assert.equal((await spied.cluster(name))?.spec.k10.ingress?.url, url)
    }
    // One that starts with all of them there: it looks at its address once it serves.
    await spied.startPrimary({ identity: 'next', listen: 'https://127.0.0.1:0' }, next.env)
    const { host } = new URL(endpoint)
    await until('its own address has been dialled', async () => next.called().has(host))
    const expected = [host, new URL(pair.primary.url).host].toSorted()
    for (const dials of [first, next]) assert.deepEqual([...dials.called()].toSorted(), expected)
  })

  it('causes no request to the API server with a bad nonce', async () => {
    const mark = await pair.primary.auditLog.mark()
    const joiner = await joinRequest(token, { nonce: 'A'.repeat(54) })
    for (let round = 0; round < 20; round += 1)
      assertProblem(await post(joinPath, joiner, { from: `127.0.1.${round}` }), 401)
    const reads = (await pair.primary.auditLog.since(mark)).filter(isReadForJoins)
    assert.deepEqual(reads, [])
  })

  it('causes at most two LISTs a second with bad token proofs, from as many addresses as it likes', async () => {
    const { uid, key, endpoints } = { uid: token.primaryUid, key: token.primaryKey, endpoints: token.endpoints }
    // The right primary and an id of its own, but a secret that the primary has never seen.
    const forged = parseToken(issueToken({ uid, key, endpoints }).text.reveal())
    const mark = await pair.primary.auditLog.mark()
    const startedAt = performance.now()
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) =>
        post(joinPath, await joinRequest(forged, { from: `127.0.2.${index}` }), { from: `127.0.2.${index}` }),
      ),
    )
    const seconds = (performance.now() - startedAt) / 1000
    for (const { status, body } of answers) {
      assert.equal(status, 403, body)
      const [, claims = ''] = (JSON.parse(body) as { result: string }).result.split('.')
      assert.equal((JSON.parse(Buffer.from(claims, 'base64url').toString()) as { code: string }).code, 'TokenInvalid')
    }
    const lists = (await pair.primary.auditLog.since(mark)).filter(isReadForJoins)
    assert.ok(lists.length >= 1 && lists.length <= 2 * seconds + 1, `${lists.length} LISTs in ${seconds} s`)
  })

  /** The body of a join with this token; a nonce of its own makes the primary refuse it before any proof. */
  async function joinRequest(joinToken: JoinToken, options: { nonce?: string; from?: string } = {}): Promise<string> {
    const key = generateSigningKey()
    const question = askForChallenge({
      tokenId: joinToken.id,
      primaryKey: joinToken.primaryKey,
      thumbprint: key.thumbprint,
    })
    const from = options.from === undefined ? {} : { from: options.from }
    const { challenge } = JSON.parse((await post(challengePath, JSON.stringify(question), from)).body) as {
      challenge: string
    }
    const { primaryUid, primaryKey } = joinToken
    const opened = await openChallenge(challenge, { request: question, primaryUid, primaryKey })
    const request = await signJoinRequest(
      {
        key,
        uid: crypto.randomUUID(),
        k10: { namespace: 'kasten-io', releaseName: 'k10' },
        versions: { operator: '0.1.0', kubernetes: 'v1.36.3' },
      },
      {
        token: joinToken,
        challenge: { ...opened, sn: options.nonce ?? opened.sn },
        exchangeKey: generateExchangeKey().publicKey,
        now: Date.now(),
      },
    )
    return JSON.stringify({ request })
  }
})

/** What a process has resident, now or at its highest so far. */
async function megabytes(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) / 1024
}

function assertProblem(answer: StrangersAnswer, status: number): void {
  assert.equal(answer.status, status, answer.body)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const problem = JSON.parse(answer.body) as Record<string, unknown>
  assert.deepEqual(Object.keys(problem).toSorted(), ['code', 'detail', 'status', 'title', 'type'])
  // Nothing of the inside: no stack, no path, no name of a library.
  assert.doesNotMatch(answer.body, /node_modules|\bat \/|\.ts\b|fastify|zod|kube/i)
}

/** Reads that an idle primary does not make: its informers watch. */
function isReadForJoins(event: { verb: string; resource: string; user: string }): boolean {
  const isOperator = event.user.endsWith(':conjoin-primary')
  return isOperator && (event.verb === 'get' || event.verb === 'list') && event.resource !== 'leases'
}
