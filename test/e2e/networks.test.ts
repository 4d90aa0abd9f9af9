/** Everything a network does to a join: it says what is wrong, keeps trying, and joins without help when it is over. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { challengePath } from '../../src/protocol/wire.ts'
import { type Behaviour, type Front, startFront } from '../support/front.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

interface Fault {
  readonly what: string
  readonly behaviour: Behaviour
  readonly msg: RegExp
}

const page = '<!doctype html><title>Sign in</title><h1>Please sign in</h1>'

describe('between a secondary and its primary', () => {
  let pair: Pair
  let scene: Scene
  let front: Front
  let content: Record<string, string>

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('net', { scheme: 'http' })
    front = await startFront(() => scene.endpoint)
    // Tokens name the front only, so that there is no way around it.
    await scene.startPrimary({ endpoint: front.url })
    await scene.startSecondary({ 'allow-insecure-primary-ingress': 'true' })
    await scene.bootstrap()
    const { endpoint, token } = await scene.token()
    content = { endpoint, token, clusterName: 'east' }
  })

  after(async () => {
    await pair.stop()
    await front.down()
  })

  /** A new content for the same join: the hash covers every key. */
  async function ask(what: string): Promise<void> {
    await scene.mcJoin({ ...content, note: what })
  }

  /** From the last try to the next one as the status shows them, milliseconds. */
  async function shownWait(): Promise<number> {
    const stored = await until('the tries are shown', async () => {
      const annotations = (await scene.readOnSecondary<Secret>('secret', 'mc-join-status'))?.metadata.annotations
      return annotations?.['dist.kio.kasten.io/next-retry'] === undefined ? undefined : annotations
    })
    const at = (name: string) => Date.parse(stored[`dist.kio.kasten.io/${name}`] ?? '')
    return at('next-retry') - at('last-attempt')
  }

  async function assertRetries(): Promise<void> {
    const wait = await shownWait()
    assert.ok(wait > 0, `next-retry is ${wait} ms later than last-attempt`)
  }

  /** One more question: what has been shown was not taken for the end. */
  async function assertGoesOn(): Promise<void> {
    const questions = () => front.paths.filter((path) => path === challengePath).length
    const before = questions()
    await until('it has tried again', async () => questions() > before)
    assert.equal((await scene.status())?.['status'], 'Joining')
  }

  it('nothing listens', async () => {
    await front.down()
    await ask('nothing listens')
    await scene.untilStatus('Joining', /^ConnectRefused: .*127\.0\.0\.1:\d+: nothing listens there; /)
    await assertRetries()
    assert.equal(await scene.clusterInfo(), undefined)
    await front.up()
    await scene.untilStatus('Joined')
  })

  /** A join through the front: tried again and again while this is there, and done without help when it goes. */
  async function overcomes(what: string, behaviour: Behaviour, msg: RegExp): Promise<void> {
    front.behave(behaviour)
    await ask(what)
    await scene.untilStatus('Joining', msg)
    await assertRetries()
    await assertGoesOn()
    assert.equal((await scene.clusterInfo())?.['clusterName'], 'east', 'the membership goes on')
    front.behave({ kind: 'relay' })
    await scene.untilStatus('Joined')
  }

  const faults: readonly Fault[] = [
    {
      what: 'a web page answers with 200',
      behaviour: { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: page },
      msg: /^NotOurServer: .*: it answers with status 200 and text\/html; check the host and the path/,
    },
    {
      what: 'JSON of somebody else answers with 200',
      behaviour: { kind: 'answer', status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' },
      msg: /^NotOurServer: .*: it answers with status 200 and application\/json; /,
    },
    {
      what: 'a proxy in front of the primary asks for a password',
      behaviour: { kind: 'answer', status: 407, headers: { 'proxy-authenticate': 'Basic' }, body: page },
      msg: /^NotOurServer: .*: it answers with status 407; /,
    },
    {
      what: 'a refusal that nobody signed says 401',
      behaviour: {
        kind: 'answer',
        status: 401,
        headers: { 'content-type': 'application/problem+json', 'www-authenticate': 'DPoP error="invalid_token"' },
        body: '{"code":"TokenInvalid","detail":"Invalid join token"}',
      },
      msg: /^NotOurServer: .*: it answers with status 401 and application\/problem\+json; /,
    },
    {
      what: 'a refusal that nobody signed says 403',
      behaviour: {
        kind: 'answer',
        status: 403,
        headers: { 'content-type': 'application/problem+json' },
        body: '{"code":"TokenInvalid","detail":"Invalid join token"}',
      },
      msg: /^NotOurServer: .*: it answers with status 403 and application\/problem\+json; /,
    },
    {
      what: 'a disconnection that nobody signed says 410',
      behaviour: {
        kind: 'answer',
        status: 410,
        headers: { 'content-type': 'application/json' },
        body: '{"reply":"a.b.c"}',
      },
      msg: /^NotOurServer: .*: it answers with status 410 and application\/json; /,
    },
    {
      what: 'a server fails with 500',
      behaviour: { kind: 'answer', status: 500, body: 'oops' },
      msg: /^NotOurServer: .*: it answers with status 500; /,
    },
    {
      what: 'the connection is cut after each request has been delivered',
      behaviour: { kind: 'reset' },
      msg: /^ConnectRefused: .*: the connection was cut; /,
    },
  ]
  for (const { what, behaviour, msg } of faults) it(what, async () => overcomes(what, behaviour, msg))

  it('a redirect leads elsewhere: nobody goes there', async () => {
    const elsewhere = `${front.url}/elsewhere`
    await overcomes(
      'redirect',
      { kind: 'answer', status: 307, headers: { location: elsewhere } },
      /^NotOurServer: .*: it answers with a redirect \(307\); /,
    )
    assert.ok(!front.paths.includes('/elsewhere'))
  })

  for (const announced of [true, false])
    it(`the answer has a gigabyte${announced ? '' : ' and does not say so'}: it is left after a small part`, async () => {
      await overcomes(
        `gigabyte ${announced}`,
        { kind: 'gigabyte', announced },
        /^NotOurServer: .*: its answer is larger than 64 KiB; /,
      )
      // Both ends buffer what nobody reads.
      const most = Math.max(...front.gigabytes())
      assert.ok(most < 64 * 2 ** 20, `one answer went on for ${most} bytes`)
    })

  /** What a 503 may ask for, and how long the secondary stays away then, milliseconds; with rounding up. */
  const wishes: readonly (readonly [wish: string, least: number, most: number])[] = [
    ['99999999', 299_000, 302_000],
    ['-1', 1, 60_000],
    ['9999999999', 1, 60_000],
    ['Fri, 31 Dec 2100 23:59:59 GMT', 1, 60_000],
    ['tomorrow', 1, 60_000],
  ]
  for (const [wish, least, most] of wishes)
    it(`a 503 says Retry-After: ${wish}, which keeps nobody away for more than five minutes`, async () => {
      const headers = { 'content-type': 'application/problem+json', 'retry-after': wish }
      front.behave({ kind: 'answer', status: 503, headers, body: '{"code":"Busy"}' })
      await ask(wish)
      await scene.untilStatus('Joining', /^Busy: the primary is busy, says http:\/\/127\.0\.0\.1:\d+; /)
      const wait = await shownWait()
      assert.ok(wait >= least && wait <= most, `waits ${wait} ms`)
      front.behave({ kind: 'relay' })
      // The user need not wait: a new value of retry is a try at once.
      await scene.onSecondary(['annotate', 'secret', 'mc-join', 'dist.kio.kasten.io/retry=now'])
      await scene.untilStatus('Joined')
    })

  it('an ingress with a certificate that nobody knows is vouched for, and a thief gets a question and nothing else', async () => {
    const tls = await pair.scene('tls')
    const unknownCertificate = async () =>
      createSelfSignedCertificate({ hosts: ['127.0.0.1'], days: 1, now: Date.now() })
    const ingress = await startFront(() => tls.endpoint, await unknownCertificate())
    const thief = await startFront(() => tls.endpoint, await unknownCertificate())
    await tls.startPrimary({ endpoint: ingress.url })
    await tls.startSecondary()
    await tls.bootstrap()
    const { token } = await tls.token()
    await tls.mcJoin({ endpoint: thief.url, token, clusterName: 'east' })
    await tls.untilStatus('Joined')
    assert.equal((await tls.clusterInfo())?.['endpoint'], ingress.url)
    assert.deepEqual([...new Set(thief.paths)], [challengePath])
    await Promise.all([ingress.down(), thief.down()])
  })
})
