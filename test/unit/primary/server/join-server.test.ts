/** What the join endpoint answers by itself, whoever asks: which routes there are, and what it does with bad requests. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import type { MemberRequest } from '../../../../src/primary/member/member-desk.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import {
  challengePath,
  heartbeatPath,
  joinPath,
  leavePath,
  maxRequestBytes,
  nonceHeader,
  problemSchema,
  rekeyPath,
} from '../../../../src/protocol/wire.ts'
import { admittingServer } from './join-server.fixture.ts'
import { ask, assertProblem, json, memberHeaders, routes } from './problems.fixture.ts'

describe('a route', () => {
  it('answers with and without a path before it: that of the endpoint, or one that it had before', async () => {
    const request = ask()
    for (const route of routes)
      for (const path of ['', '/k10', '/k10/mc-hub', '/.well-known/a.b', '/%7Ea', '/mc/v1'])
        assert.equal((await request(path + route)).statusCode, 200, path + route)
  })

  it('answers under no path with an empty segment, and under no other name', async () => {
    const request = ask()
    const urls = ['/', '/k10/', '//k10'].map((path) => path + joinPath)
    for (const url of [...urls, '/', '/k10', '/mc/v1', '/mc/v2/join', `${joinPath}/`, '/MC/v1/join', '/k10/mc/v1'])
      assertProblem(await request(url), 404, 'NotFound', url)
    assertProblem(await request(`/?${joinPath}`), 404, 'NotFound', 'a query')
  })

  it('answers a POST only', async () => {
    const server = admittingServer()
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const)
      assert.equal((await server.inject({ method, url: joinPath })).statusCode, 404, method)
  })

  it('hands its service what came, unread where a signature covers it', async () => {
    const seen: unknown[] = []
    const request = ask({
      joins: {
        challenge: async (body) => ({ status: 200, body: { challenge: JSON.stringify(body) } }),
        join: async (body) => ({ status: 403, body: { result: JSON.stringify(body) } }),
      },
      heartbeats: {
        async heartbeat(member: MemberRequest) {
          seen.push({ ...member, body: member.body.toString() })
          return { status: 410, body: { reply: 'signed' }, nonce: 'the-next' }
        },
      },
      rekeys: {
        async rekey(member: MemberRequest) {
          seen.push({ ...member, body: member.body.toString() })
          return { status: 200, body: { reply: 'another key' } }
        },
      },
      leaves: {
        async leave(member: MemberRequest) {
          seen.push({ ...member, body: member.body.toString() })
          return { status: 200, body: { reply: 'farewell' } }
        },
      },
    })
    assert.deepEqual((await request(challengePath, '{"a":1}')).json(), { challenge: '{"a":1}' })
    const refused = await request(joinPath, '{"a":2}')
    assert.deepEqual([refused.statusCode, refused.json()], [403, { result: '{"a":2}' }])
    assert.equal(refused.headers['content-type'], 'application/json')
    const body = ' {"health": "ok"}\n'
    const reply = await request(heartbeatPath('east'), body)
    assert.deepEqual(
      [reply.statusCode, reply.headers[nonceHeader], reply.json()],
      [410, 'the-next', { reply: 'signed' }],
    )
    assert.deepEqual((await request(leavePath('east'), '{ }')).json(), { reply: 'farewell' })
    assert.deepEqual((await request(rekeyPath('east'), '{"request":1}')).json(), { reply: 'another key' })
    const member = { clusterName: 'east', token: 'a.b.c', proof: 'd.e.f' }
    assert.deepEqual(seen, [
      { ...member, body },
      { ...member, body: '{ }' },
      { ...member, body: '{"request":1}' },
    ])
  })
})

describe('a body', () => {
  const ofSize = (bytes: number) => `{"a":"${'x'.repeat(bytes - '{"a":""}'.length)}"}`

  it('may have 16 KiB, and not a byte more', async () => {
    const request = ask()
    for (const route of routes) {
      assert.equal((await request(route, ofSize(maxRequestBytes))).statusCode, 200, route)
      assertProblem(await request(route, ofSize(maxRequestBytes + 1)), 413, 'Malformed', route)
    }
  })

  it('is JSON by its content type', async () => {
    const request = ask()
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonx',
      'multipart/form-data',
      'x',
    ])
      for (const route of routes)
        assertProblem(await request(route, '{}', { ...memberHeaders, 'content-type': type }), 415, 'Malformed', type)
    assert.equal((await request(joinPath, '{}', { 'content-type': 'application/json; charset=utf-8' })).statusCode, 200)
  })

  const nested = (depth: number) => '{"a":'.repeat(depth - 1) + '{}' + '}'.repeat(depth - 1)
  const malformed: readonly (readonly [string, string | Buffer])[] = [
    ['that is no JSON', '{"a":'],
    ['with something after the JSON', '{}{}'],
    ['that is not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['with an overlong encoding', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
    ['with a lone half of a pair in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
    ['with a prototype key', '{"__proto__":{"isAdmin":true}}'],
    ['with an escaped prototype key', '{"\\u005f_proto__":{}}'],
    ['with a constructor', '{"constructor":{"prototype":{}}}'],
    ['with a member twice', '{"request":"a","request":"b"}'],
    ['nested 9 deep', nested(9)],
    ['nested 9 deep in lists', '['.repeat(9) + ']'.repeat(9)],
  ]
  for (const [what, body] of malformed)
    it(`${what} is refused before a service sees it`, async () => {
      const request = ask()
      for (const route of [challengePath, joinPath]) assertProblem(await request(route, body), 400, 'Malformed', route)
    })

  it('may be nested 8 deep', async () => {
    assert.equal((await ask()(joinPath, nested(8))).statusCode, 200)
  })

  it('has to be there', async () => {
    const server = admittingServer()
    for (const url of [challengePath, joinPath]) {
      const without = await server.inject({ method: 'POST', url, headers: { authorization: 'DPoP a.b.c' } })
      assert.ok([400, 415].includes(without.statusCode), `${url}: ${without.statusCode} ${without.payload}`)
      assert.equal(problemSchema.parse(without.json()).code, 'Malformed', url)
      assertProblem(
        await server.inject({ method: 'POST', url, headers: memberHeaders, payload: '' }),
        400,
        'Malformed',
        url,
      )
    }
  })
})

describe('a path that tries to leave its place', () => {
  it('reaches no other route', async () => {
    const server = admittingServer()
    await server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.server.address() as AddressInfo
    try {
      for (const path of [
        '/mc/v1/clusters/..%2fjoin/challenge',
        '/mc/v1/clusters/%2e%2e/join',
        '/mc/v1/clusters/../join',
        '/mc/v1/clusters/../../v1/join',
        '/mc/v1/clusters//heartbeat/x',
        '//mc/v1/join',
        '/k10/../mc/v1/join',
        '/mc/v1/join/..%2f..%2fadmin',
        '/mc/v1\\join',
      ])
        assert.equal(await postRaw(port, path), 404, path)
      assert.equal(await postRaw(port, '/mc/v1/join'), 200)
    } finally {
      await server.close()
    }
  })

  it('is the name of a cluster and nothing else where it stands in the place of one', async () => {
    const names: string[] = []
    const request = ask({
      heartbeats: {
        async heartbeat({ clusterName }) {
          names.push(clusterName)
          throw new ProtocolError('ProofInvalid')
        },
      },
    })
    for (const name of ['..%2fsecrets', '__proto__', '..%2f..%2f..%2fetc%2fpasswd', '%00'])
      assertProblem(await request(`/mc/v1/clusters/${name}/heartbeat`), 401, 'ProofInvalid', name)
    assert.deepEqual(names, ['../secrets', '__proto__', '../../../etc/passwd', '\0'])
  })
})

describe('a request of a member without a communication token', () => {
  it('is refused whatever else stands in its place', async () => {
    const request = ask()
    const { authorization: _, ...bare } = memberHeaders
    assertProblem(await request(heartbeatPath('east'), '{}', bare), 401, 'ProofInvalid', 'none')
    assertProblem(await request(leavePath('east'), '{}', bare), 401, 'ProofInvalid', 'none')
    for (const authorization of [
      'Bearer a.b.c',
      'dpop a.b.c',
      'DPoP',
      'DPoP  a.b.c',
      'DPoP a.b.c, DPoP d.e.f',
      'DPoP a b',
    ])
      assertProblem(
        await request(heartbeatPath('east'), '{}', { ...bare, authorization }),
        401,
        'ProofInvalid',
        authorization,
      )
  })
})

describe('the listener', () => {
  it('gives headers and bodies ten seconds, and looks every second', () => {
    const { server } = admittingServer()
    assert.deepEqual([server.headersTimeout, server.requestTimeout], [10_000, 10_000])
    assert.equal(Reflect.get(server, 'connectionsCheckingInterval'), 1_000)
  })
})

/** The path goes out as it is given: `inject` would resolve its dots. */
async function postRaw(port: number, path: string): Promise<number | undefined> {
  const sent = requestHttp({ host: '127.0.0.1', port, path, method: 'POST', headers: json, agent: false })
  sent.end('{}')
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode
}
