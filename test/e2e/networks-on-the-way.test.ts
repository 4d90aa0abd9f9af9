/** What lies between two clusters besides a wire: name servers, proxies, interception, renewed certificates, IPv6. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import { startForwardProxy } from '../support/forward-proxy.ts'
import { startFront } from '../support/front.ts'
import { createNames } from '../support/names.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { communicationToken } from '../support/scene-secrets.ts'
import { until } from '../support/until.ts'

describe('on the way to its primary', () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  /** A primary whose token names this address, and mc-join with it. */
  async function askFor(scene: Scene, endpoint: string, port: number): Promise<void> {
    await scene.startPrimary({ listen: `https://127.0.0.1:${port}` })
    await scene.bootstrap({ url: endpoint })
    await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
  }

  /** It tries again later; whether it is a member does not change meanwhile. */
  async function assertRetries(scene: Scene, { member = false } = {}): Promise<void> {
    const annotations = await until('the tries are shown', async () => {
      const stored = (await scene.readOnSecondary<Secret>('secret', 'mc-join-status'))?.metadata.annotations
      return stored?.['dist.kio.kasten.io/next-retry'] === undefined ? undefined : stored
    })
    const [last = '', next = ''] = ['last-attempt', 'next-retry'].map(
      (name) => annotations[`dist.kio.kasten.io/${name}`],
    )
    assert.ok(Date.parse(next) > Date.parse(last), `next-retry ${next} is later than last-attempt ${last}`)
    assert.equal((await scene.clusterInfo()) !== undefined, member)
  }

  it('a secondary joins when the name of its primary can be resolved at last', async () => {
    const scene = await pair.scene('dns')
    const names = createNames(join(pair.secondary.dir, 'names.json'))
    await scene.startSecondary({}, names.env)
    const port = await freePort()
    await askFor(scene, `https://primary.test:${port}`, port)
    await scene.untilStatus(
      'Joining',
      /^DnsFailure: the host name of https:\/\/primary\.test:\d+ cannot be resolved: .*; /,
    )
    await assertRetries(scene)
    names.set({ 'primary.test': '127.0.0.1' })
    await scene.untilStatus('Joined')
  })

  it('a secondary names the proxy that turns it away, and joins through it when it is let through', async () => {
    const scene = await pair.scene('proxy')
    const proxy = await startForwardProxy()
    try {
      proxy.admit(false)
      await scene.startSecondary({}, { HTTPS_PROXY: proxy.url })
      const port = await freePort()
      await askFor(scene, `https://127.0.0.1:${port}`, port)
      const { msg } = await scene.untilStatus('Joining', /^ProxyError: /)
      assert.match(
        msg ?? '',
        new RegExp(`^ProxyError: the proxy ${proxy.url} wants other credentials \\(407\\), at https://`),
      )
      assert.match(msg ?? '', /; check HTTPS_PROXY and NO_PROXY of the conjoin secondary$/)
      await assertRetries(scene)
      proxy.admit(true)
      await scene.untilStatus('Joined')
      assert.deepEqual([...new Set(proxy.targets)], [`127.0.0.1:${port}`])
    } finally {
      await proxy.close()
    }
  })

  it('a secondary goes around a proxy that it is told not to use', async () => {
    const scene = await pair.scene('no-proxy')
    const proxy = await startForwardProxy()
    try {
      await scene.startSecondary({}, { HTTPS_PROXY: proxy.url, NO_PROXY: 'example.com,127.0.0.0/8' })
      const port = await freePort()
      await askFor(scene, `https://127.0.0.1:${port}`, port)
      await scene.untilStatus('Joined')
      assert.deepEqual(proxy.targets, [])
    } finally {
      await proxy.close()
    }
  })

  it('a secondary joins over IPv6, once there is something at that address', async () => {
    const scene = await pair.scene('six')
    await scene.startSecondary()
    const port = await freePort()
    const primary = await scene.startPrimary({ listen: `https://[::1]:${port}` })
    await scene.bootstrap({ url: `https://[::1]:${port}` })
    const given = await scene.token()
    await scene.stop(primary)
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await scene.untilStatus('Joining', /^ConnectRefused: the primary cannot be reached at https:\/\/\[::1\]:\d+: /)
    await assertRetries(scene)
    await scene.startPrimary({ listen: `https://[::1]:${port}` })
    await scene.untilStatus('Joined')
  })

  it('an interceptor with a certificate that the secondary trusts learns no secret, and cannot change a byte', async () => {
    const scene = await pair.scene('intercept')
    const certificate = await createSelfSignedCertificate({ hosts: ['primary.test'], days: 1, now: Date.now() })
    const bundle = join(pair.secondary.dir, 'interceptor.pem')
    await writeFile(bundle, certificate.certificatePem)
    const interceptor = await startFront(() => scene.endpoint, certificate)
    try {
      // The name leads here for the secondary only: a primary that saw this certificate would vouch for it.
      const names = createNames(join(pair.secondary.dir, 'intercepted.json'))
      names.set({ 'primary.test': '127.0.0.1' })
      await scene.startSecondary({ 'ca-bundle': bundle }, names.env)
      await scene.startPrimary()
      await scene.bootstrap({ url: `https://primary.test:${new URL(interceptor.url).port}` })
      interceptor.behave({ kind: 'tamper' })
      await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
      await scene.untilStatus('Joining', /^(NotOurServer|PrimaryKeyMismatch): .*https:\/\/primary\.test:\d+/)
      await assertRetries(scene)
      interceptor.behave({ kind: 'relay' })
      await scene.untilStatus('Joined')
      const [requests, answers] = [interceptor.requests(), interceptor.answers()]
      assert.match(requests, /POST \/mc\/v1\/join\n[^{]+\{"request":"/)
      assert.match(answers, /\{"result":"/)
      // The communication token is no secret of these: it may pass, and is worthless without the member's key.
      await scene.end([
        { where: 'requests through the interceptor', text: requests, holds: communicationToken },
        { where: 'answers through the interceptor', text: answers },
      ])
    } finally {
      await interceptor.down()
    }
  })

  /** Starts the primary again, with a certificate that nobody has seen yet. */
  async function startRenewed(scene: Scene): Promise<void> {
    const read = async () => scene.atHome(['get', 'secret', 'mc-primary-tls', '-o', 'jsonpath={.data.tls\\.crt}'])
    const before = await read()
    await scene.atHome(['delete', 'secret', 'mc-primary-tls'])
    await scene.startPrimary()
    assert.notEqual(await read(), before)
  }

  it('a secondary that knows the old certificate of its primary joins over the renewed one', async () => {
    const scene = await pair.scene('renewing')
    const { primary, token } = await scene.join('east')
    await scene.stop(primary)
    await scene.mcJoin({ endpoint: scene.endpoint, token, clusterName: 'east', note: 'again' })
    await scene.untilStatus('Joining', /^ConnectRefused: /)
    await assertRetries(scene, { member: true })
    await startRenewed(scene)
    await scene.untilStatus('Joined')
  })

  it('a member accepts the renewed certificate of its primary, because the primary vouches for it', async () => {
    const scene = await pair.scene('renewed-leaf')
    const { primary } = await scene.join('east')
    await scene.stop(primary)
    await startRenewed(scene)
    // Only over an accepted connection it hears of this.
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    await scene.untilStatus('Rejected', /^Disconnected: /)
  })
})
