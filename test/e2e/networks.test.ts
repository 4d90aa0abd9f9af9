/** Everything a network does to a join: it says what is wrong, keeps trying, and joins without help when it is over. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { challengePath } from '../../src/protocol/wire.ts'
import { type Behaviour, type Front, startFront } from '../support/front.ts'
import { type Pair, type Scene, startPair } from '../support/scene.ts'
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

  async function assertRetries(): Promise<void> {
    const stored = await until('the tries are shown', async () => {
      const annotations = (await scene.readOnSecondary<Secret>('secret', 'mc-join-status'))?.metadata.annotations
      return annotations?.['dist.kio.kasten.io/next-retry'] === undefined ? undefined : annotations
    })
    const [last, next] = ['last-attempt', 'next-retry'].map((name) =>
      Date.parse(stored[`dist.kio.kasten.io/${name}`] ?? ''),
    )
    assert.ok((next ?? 0) > (last ?? Infinity), `next-retry ${next} is later than last-attempt ${last}`)
  }

  it('nothing listens', async () => {
    await front.down()
    await ask('nothing listens')
    await scene.untilStatus('Joining', /^ConnectRefused: .*127\.0\.0\.1.*; /)
    await assertRetries()
    assert.equal(await scene.clusterInfo(), undefined)
    await front.up()
    await scene.untilStatus('Joined')
  })

  const faults: readonly Fault[] = [
    {
      what: 'a web page answers with 200',
      behaviour: { kind: 'answer', status: 200, headers: { 'content-type': 'text/html' }, body: page },
      msg: /^NotOurServer: /,
    },
    {
      what: 'JSON of somebody else answers with 200',
      behaviour: { kind: 'answer', status: 200, headers: { 'content-type': 'application/json' }, body: '{"ok":true}' },
      msg: /^NotOurServer: /,
    },
    {
      what: 'a proxy asks for a password',
      behaviour: { kind: 'answer', status: 407, headers: { 'proxy-authenticate': 'Basic' }, body: page },
      msg: /^(ProxyError|NotOurServer): /,
    },
    {
      what: 'a refusal that nobody signed says 403',
      behaviour: {
        kind: 'answer',
        status: 403,
        headers: { 'content-type': 'application/problem+json' },
        body: '{"code":"TokenInvalid","detail":"Invalid join token"}',
      },
      msg: /^NotOurServer: /,
    },
    {
      what: 'a disconnection that nobody signed says 410',
      behaviour: {
        kind: 'answer',
        status: 410,
        headers: { 'content-type': 'application/json' },
        body: '{"reply":"a.b.c"}',
      },
      msg: /^NotOurServer: /,
    },
    {
      what: 'a server fails with 500',
      behaviour: { kind: 'answer', status: 500, body: 'oops' },
      msg: /^NotOurServer: /,
    },
    {
      what: 'a redirect leads elsewhere',
      behaviour: { kind: 'answer', status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      msg: /^NotOurServer: /,
    },
    {
      what: 'the answer has a gigabyte',
      behaviour: { kind: 'gigabyte' },
      msg: /^NotOurServer: .*its answer is larger than 64 KiB/,
    },
    {
      what: 'the connection is cut after each request has been delivered',
      behaviour: { kind: 'reset' },
      msg: /^(ConnectRefused|NotOurServer|ConnectTimeout): /,
    },
  ]
  for (const { what, behaviour, msg } of faults)
    it(what, async () => {
      front.behave(behaviour)
      await ask(what)
      await scene.untilStatus('Joining', msg)
      await assertRetries()
      assert.equal((await scene.clusterInfo())?.['clusterName'], 'east', 'the membership goes on')
      front.behave({ kind: 'relay' })
      await scene.untilStatus('Joined')
    })

  it('a 503 asks to stay away for a year: that is not believed', async () => {
    const headers = { 'content-type': 'application/problem+json', 'retry-after': '31536000' }
    front.behave({ kind: 'answer', status: 503, headers, body: '{"code":"Busy"}' })
    await ask('busy')
    await scene.untilStatus('Joining', /^Busy: /)
    const stored = await until('the next try is shown', async () => {
      const annotations = (await scene.readOnSecondary<Secret>('secret', 'mc-join-status'))?.metadata.annotations
      return annotations?.['dist.kio.kasten.io/next-retry'] === undefined ? undefined : annotations
    })
    const wait =
      Date.parse(stored['dist.kio.kasten.io/next-retry'] ?? '') -
      Date.parse(stored['dist.kio.kasten.io/last-attempt'] ?? '')
    assert.ok(wait > 1_000 && wait <= 302_000, `waits ${wait} ms`)
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
