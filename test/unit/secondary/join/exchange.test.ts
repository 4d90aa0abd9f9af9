import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { decodeJwt } from 'jose'
import { systemClock } from '../../../../src/lib/clock.ts'
import type { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { admittedMembership } from '../../../../src/secondary/join/admission.ts'
import { type Asked, exchange } from '../../../../src/secondary/join/exchange.ts'
import { planReturn } from '../../../../src/secondary/join/return-plan.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { type FakePrimary, type Handler, sendJson, startFakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps, silent } from '../lines.fixture.ts'
import { refusal } from '../refused.fixture.ts'

const key = generateSigningKey()

describe('the handshake of a join', () => {
  let primary: FakePrimary
  let other: FakePrimary
  before(async () => {
    primary = await startFakePrimary()
    other = await startFakePrimary({ tls: false })
  })
  after(async () => {
    await primary.close()
    await other.close()
  })
  beforeEach(() => {
    primary.refusal = undefined
    primary.intercept = undefined
    other.intercept = undefined
  })

  const deps = () => {
    return {
      openLine: (options: Parameters<typeof openLine>[1]) => openLine(lineDeps(), options),
      ownUid: 'own-uid',
      versions: () => ({ operator: '0.1.0', kubernetes: 'v1.36.3' }),
      clock: systemClock,
    }
  }

  async function join(endpoints: readonly string[] = [primary.endpoint]) {
    const asked: Asked = {
      plan: {
        kind: 'join',
        token: primary.token,
        endpoints,
        name: undefined,
        k10: { namespace: 'kasten-io', releaseName: 'k10' },
        allowUntrustedTls: false,
        origin: { dialect: 'first' },
      },
      key,
      name: 'east',
    }
    return exchange(deps(), asked, { log: silent, signal: forever })
  }

  /** Comes back as the member that a join has made of it. */
  async function comeBack() {
    const outcome = await join()
    assert.ok(outcome.kind === 'joined')
    const joining = { kind: 'join', token: primary.token, origin: { dialect: 'first' } } as const
    const joined = admittedMembership(joining, outcome)
    const given = { allowHttp: false, allowUntrustedTls: false, clusterIngress: undefined }
    const plan = planReturn(joined, given, { namespace: 'kasten-io', releaseName: 'k10' })
    return exchange(deps(), { plan, key, name: undefined }, { log: silent, signal: forever })
  }

  it('ends with the membership that the primary has sealed for it', async () => {
    const outcome = await join()
    assert.equal(outcome.kind, 'joined')
    assert.equal(outcome.endpoint, primary.endpoint)
    assert.equal(outcome.membership.clusterName, 'east')
    assert.equal(outcome.membership.keys.current.kid, primary.issuer.key.thumbprint)
  })

  it('shows its membership and no join token to a primary that has forgotten it', async () => {
    const before = primary.requests.length
    const outcome = await comeBack()
    assert.ok(outcome.kind === 'joined')
    const [challenge, request] = primary.requests.slice(before + 2).map(({ body }) => JSON.parse(body) as object)
    assert.equal((challenge as { tid: null }).tid, null)
    const { request: asked, token } = request as { request: string; token: string }
    const { tid, name } = decodeJwt(asked)
    assert.deepEqual([tid, name], [null, 'east'])
    assert.equal(decodeJwt(token).sub, 'east')
    for (const secret of primary.secrets) assert.ok(!JSON.stringify(request).includes(secret))
  })

  it('says who has to let it come back where its return waits', async () => {
    primary.intercept = async (incoming, response, body) => {
      if (!body.includes('"token"')) return primary.answer(incoming, response, body)
      response.setHeader('retry-after', '10')
      return sendJson(response, 503, { code: 'PendingApproval' }, 'application/problem+json')
    }
    await assert.rejects(comeBack(), (error: ProtocolError) => {
      assert.equal(
        error.explained(),
        'PendingApproval: hub does not know east any more, and waits for the word of its administrator whether it may come back; let it come back there: set spec.approved of the Cluster east to true; or put a valid join token into mc-join here',
      )
      return error.code === 'PendingApproval' && error.retryAfterMs === 10_000
    })
  })

  it('names the key of the primary that it trusts in both of its steps', async () => {
    const count = primary.requests.length
    await join()
    const kids = primary.requests.slice(count).map(({ body }) => (JSON.parse(body) as { kid?: string }).kid)
    const { thumbprint } = primary.issuer.key
    assert.deepEqual(kids, [thumbprint, thumbprint])
  })

  it('ends with a refusal that the primary has signed', async () => {
    primary.refusal = { code: 'NameTaken', msg: 'NameTaken: taken; try east-1' }
    assert.deepEqual(await join(), { kind: 'refused', refusal: primary.refusal })
  })

  it('goes on with the next endpoint where the first leads to somebody else', async () => {
    other.intercept = (_request, response) => void response.writeHead(404, { 'content-type': 'text/html' }).end('<p>')
    const outcome = await join([other.endpoint, primary.endpoint])
    assert.equal(outcome.kind === 'joined' && outcome.endpoint, primary.endpoint)
  })

  it('is not had with another primary, which shows by its key', async () => {
    const error = await refusal(join([other.endpoint]))
    assert.equal(error.code, 'PrimaryKeyMismatch')
    assert.match(error.message, new RegExp(`, at ${other.endpoint}$`))
    assert.deepEqual(
      other.requests.filter(({ path }) => path.endsWith('/join')),
      [],
    )
  })

  /** The answer to the second step is this; the first is the primary's own. */
  function answerJoin(handler: Handler): void {
    primary.intercept = async (request, response, body) => {
      if (request.url?.endsWith('/join') === true) await handler(request, response, body)
      else {
        primary.intercept = undefined
        await primary.answer(request, response, body)
        answerJoin(handler)
      }
    }
  }

  it('changes nothing for good by an answer that nobody has signed', async () => {
    const forged: readonly [number, unknown][] = [
      [401, { code: 'TokenInvalid' }],
      [403, { result: 'e30.e30.e30' }],
      [403, { status: 'Rejected', code: 'TokenInvalid' }],
      [410, { code: 'Disconnected' }],
      [200, { result: 'AAAA' }],
      [200, {}],
    ]
    for (const [status, body] of forged) {
      answerJoin((_request, response) => sendJson(response, status, body))
      const { code } = await refusal(join())
      assert.ok(['NotOurServer', 'PrimaryKeyMismatch'].includes(code), `${status} ${JSON.stringify(body)}: ${code}`)
    }
  })

  it('drops the result of another exchange', async () => {
    let recorded = ''
    answerJoin(async (request, response, body) => {
      const end = response.end.bind(response)
      response.end = ((text: string) => {
        recorded = text
        return end(text)
      }) as typeof response.end
      await primary.answer(request, response, body)
    })
    assert.equal((await join()).kind, 'joined')
    answerJoin((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(recorded)
    })
    assert.equal((await refusal(join())).code, 'NotOurServer')
  })

  it('shows neither the token nor its secret to whoever ends TLS', async () => {
    const count = primary.requests.length
    await join()
    const sent = JSON.stringify(primary.requests.slice(count))
    assert.ok(sent.includes(primary.token.id), 'the search finds what is there')
    for (const secret of primary.secrets) assert.ok(!sent.includes(secret))
  })
})
