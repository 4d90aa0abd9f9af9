/** Twelve things that go wrong: `kubectl conjoin status` names each, and the command that it ends with mends it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { installDefinitions } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type ForwardProxy, startForwardProxy } from '../support/forward-proxy.ts'
import { type Front, startFront } from '../support/front.ts'
import { kubectl, type Plain } from '../support/kubectl.ts'
import { foreignClusters } from '../support/manifests.ts'
import { createNames, type Names } from '../support/names.ts'
import { type Pair, startOwnPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import type { Haystack } from '../support/secret-search.ts'
import { until } from '../support/until.ts'
import { wrongClock } from '../support/wrong-clock.ts'
import { containerOptions, createDeployment } from './deployment.fixture.ts'
import { createShell, createStatusReader, type Shell, type StatusReader, said } from './status.fixture.ts'

describe('kubectl conjoin status', () => {
  let pair: Pair
  let shell: Shell
  let status: StatusReader

  before(async () => {
    pair = await startOwnPair()
    shell = await createShell(pair.primary, pair.secondary)
    status = createStatusReader(shell)
  })

  after(async () => pair.stop())

  // Each has processes of its own, and waits some of the time.
  describe('names, and mends by its own command,', { concurrency: 3 }, () => {
    describe('of a join and a membership:', { concurrency: false }, () => {
      let scene: Scene
      let primary: RoleProcess
      let secondary: RoleProcess
      let given: Plain

      before(async () => {
        scene = await pair.scene('status-join')
        ;[primary, secondary] = await Promise.all([scene.startPrimary(), scene.startSecondary()])
        await scene.bootstrap()
        given = await scene.token()
      })

      it('a name that is taken', async () => {
        await scene.mcJoin({ ...given, clusterName: 'primary-cluster-1' })
        await said(secondary, 'rejected', { code: 'NameTaken' })
        const finding = await status.wrong(scene, 'secondary', 'NameTaken')
        assert.equal(finding.what, 'the name primary-cluster-1 belongs to another cluster')
        await status.mendJoin(finding, secondary)
      })

      it('a token that has expired', async () => {
        const short = await scene.token('short', { 'expires-in': '1s' })
        const { metadata } = (await scene.readOnPrimary<Secret>('secret', 'short')) ?? assert.fail()
        const end = Date.parse(metadata.annotations?.['dist.kio.kasten.io/expires-at'] ?? '')
        await until('it has expired', async () => Date.now() > end)
        await scene.mcJoin(short)
        await said(secondary, 'rejected', { code: 'TokenExpired' })
        const finding = await status.wrong(scene, 'secondary', 'TokenExpired')
        assert.equal(finding.next?.on, 'the primary')
        await status.mendJoin(finding, secondary)
        const { findings } = await status.report(scene, 'primary')
        assert.match(findings.find(({ code }) => code === 'TokenExpired')?.what ?? '', /^the token short expired at /)
      })

      it('an endpoint that is down', async () => {
        await scene.stop(primary)
        await scene.mcJoin({ ...given, note: 'down' })
        await said(secondary, 'joining', { code: 'ConnectRefused' })
        const finding = await status.wrong(scene, 'secondary', 'ConnectRefused')
        assert.match(finding.what, /cannot be reached at https:\/\/127\.0\.0\.1:\d+: nothing listens there$/)
        assert.match(finding.remedy, /^check the endpoint in mc-join, and that the primary is running/)
        primary = await scene.startPrimary()
        await status.mendJoin(finding, secondary)
      })

      it('a copy of another cluster', async () => {
        const [{ metadata } = { metadata: { name: '' } }] = (await scene.clusters()).filter(({ spec }) => !spec.primary)
        await scene.stop(secondary)
        const whose = ['dist.kio.kasten.io/cluster-uid=another', '--overwrite']
        await scene.onSecondary(['annotate', 'secret', 'mc-identity', ...whose])
        // The other cluster is a member, and this one is none: in truth it has another uid.
        await scene.onPrimary(['delete', `clusters.dist.kio.kasten.io/${metadata.name}`, '--timeout=30s'])
        secondary = await scene.startSecondary()
        await said(secondary, 'rejected', { code: 'CloneSuspected' })
        const finding = await status.wrong(scene, 'secondary', 'CloneSuspected')
        assert.equal(finding.what, 'this identity belongs to another cluster')
        await status.mendJoin(finding, secondary)
        await status.assertHealthy(scene, 'secondary')
      })
    })

    describe('of the way to the primary:', { concurrency: false }, () => {
      let scene: Scene
      let secondary: RoleProcess
      let front: Front
      let names: Names

      before(async () => {
        scene = await pair.scene('status-way')
        const certificate = await createSelfSignedCertificate({ hosts: ['primary.test'], days: 1, now: Date.now() })
        front = await startFront(() => scene.endpoint, certificate)
        // The name leads to the front for the secondary only: a primary that saw this certificate would vouch for it.
        names = createNames(join(pair.secondary.dir, 'status-names.json'))
        ;[secondary] = await Promise.all([scene.startSecondary({}, names.env), scene.startPrimary()])
        await scene.bootstrap({ url: `https://primary.test:${new URL(front.url).port}` })
        await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
      })

      after(async () => front.down())

      it('a name that does not resolve', async () => {
        await said(secondary, 'joining', { code: 'DnsFailure' })
        const finding = await status.wrong(scene, 'secondary', 'DnsFailure')
        assert.match(finding.what, /the host name of https:\/\/primary\.test:\d+ cannot be resolved/)
        assert.match(finding.remedy, /^check the endpoint in mc-join and the DNS of this cluster/)
        names.set({ 'primary.test': '127.0.0.1' })
        await status.mend(finding)
      })

      it('a certificate that is not trusted', async () => {
        await said(secondary, 'joining', { code: 'TlsUntrusted' })
        const finding = await status.wrong(scene, 'secondary', 'TlsUntrusted')
        assert.match(finding.remedy, /give conjoin the CA bundle of the primary/)
        await status.mendJoin(finding, secondary)
        await status.assertHealthy(scene, 'secondary')
      })
    })

    describe('of its rights and its clock:', { concurrency: false }, () => {
      let scene: Scene
      let secondary: RoleProcess

      before(async () => {
        scene = await pair.scene('status-right')
        const role = await scene.onSecondary(['get', 'role', 'conjoin-secondary', '-o', 'json'])
        await scene.onSecondary(['replace', '-f', '-'], role.replace('"mc-join-status"', '"another"'))
        ;[secondary] = await Promise.all([scene.startSecondary(), scene.startPrimary()])
        await scene.bootstrap()
        await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
      })

      it('a right that is missing', async () => {
        const finding = await status.wrong(scene, 'secondary', 'MissingRight')
        assert.equal(
          finding.what,
          'the service account conjoin-secondary in status-right-io may not get, list, watch, create, patch, delete secrets mc-join-status in status-right-io',
        )
        await status.mendJoin(finding, secondary)
      })

      it('a clock that is off', async () => {
        await scene.stop(secondary)
        secondary = await scene.startSecondary({}, wrongClock(400 * 86_400_000))
        await secondary.logged('it works', ({ msg }) => msg === 'became leader')
        const finding = await status.wrong(scene, 'secondary', 'ClockOff')
        assert.match(finding.what, /is 400 days ahead of that of the API server$/)
        assert.match(finding.remedy, /set the clock of the node that the pod runs on$/)
        await status.mend(finding)
        await scene.stop(secondary)
        secondary = await scene.startSecondary()
        await secondary.logged('it works', ({ msg }) => msg === 'became leader')
        await status.assertHealthy(scene, 'secondary')
      })
    })

    describe('of its deployment:', { concurrency: false }, () => {
      let scene: Scene
      let proxy: ForwardProxy
      let secondary: RoleProcess

      before(async () => {
        scene = await pair.scene('status-idle')
        proxy = await startForwardProxy()
        proxy.admit(false)
        const args = ['secondary', '--log-level=info', '--multicluster=false']
        await createDeployment(scene, { args, env: [{ name: 'HTTPS_PROXY', value: proxy.url }] })
        ;[secondary] = await Promise.all([scene.startSecondary({ multicluster: 'false' }), scene.startPrimary()])
        await scene.bootstrap()
        await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
      })

      after(async () => proxy.close())

      /** Starts the pod anew, as its deployment is now. */
      async function restart(): Promise<void> {
        const { flags, env } = await containerOptions(scene)
        await scene.stop(secondary)
        secondary = await scene.startSecondary(flags, env)
      }

      it('multi-cluster that is disabled', async () => {
        const finding = await status.wrong(scene, 'secondary', 'Disabled')
        assert.match(finding.what, /^multi-cluster is disabled in the deployment conjoin-secondary/)
        await status.mend(finding)
        assert.deepEqual((await containerOptions(scene)).flags, { 'log-level': 'info', multicluster: 'true' })
        await restart()
      })

      it('a proxy in the way', async () => {
        await said(secondary, 'joining', { code: 'ProxyError' })
        const finding = await status.wrong(scene, 'secondary', 'ProxyError')
        assert.match(finding.what, /^the proxy http:\/\/127\.0\.0\.1:\d+ wants other credentials \(407\)/)
        await status.mend(finding)
        await restart()
        await said(secondary, 'joined')
        await status.assertHealthy(scene, 'secondary')
      })
    })

    describe('of a primary that has a member:', { concurrency: false }, () => {
      let scene: Scene
      let primary: RoleProcess
      const seen: Haystack[] = []

      before(async () => {
        scene = await pair.scene('status-lost')
        ;({ primary } = await scene.join('east'))
      })

      after(async () => scene.end(seen))

      it('nothing, where it may not read all, and nothing of a secret', async () => {
        const kubeconfig = scene.kubeconfigs[1] ?? ''
        const partly = await shell.run(
          `kubectl conjoin status --kubeconfig ${kubeconfig} --secondary-namespace ${scene.namespace}`,
        )
        assert.match(partly.stdout, /^not looked at:\n(.*\n)* {2}may not list secrets kasten-io-mc\n/m)
        assert.match(partly.stdout, /Member +as east of primary-cluster-1 at https:/)
        assert.equal(partly.exitCode, 0)
        const whole = await Promise.all([
          shell.run(status.command(scene, 'primary', '-o', 'json')),
          shell.run(status.command(scene, 'secondary', '-o', 'yaml')),
          shell.run(status.command(scene, 'secondary')),
        ])
        for (const { stdout } of whole) assert.match(stdout, /primary-cluster-1|bootstrap-primary|2 ready/)
        for (const { stdout, stderr } of [partly, ...whole]) seen.push({ where: 'status', text: stdout + stderr })
      })

      it('a signing key that is lost', async () => {
        await scene.stop(primary)
        await scene.atHome(['delete', 'secret', 'mc-primary-identity'])
        const restarted = await scene.startPrimary()
        await restarted.logged('it has noticed', ({ msg }) => msg === 'the signing key is lost; restore its Secret')
        const finding = await status.wrong(scene, 'primary', 'IdentityLost')
        assert.match(finding.remedy, /^restore it from a backup, and all goes on\. Only without a backup start anew/)
        await status.mend(finding)
        await restarted.logged('it has another key', ({ msg }) => msg === 'a signing key is made')
        const ready = ['--for=condition=Ready', 'bootstraps.dist.kio.kasten.io/bootstrap-primary', '--timeout=60s']
        await scene.onPrimary(['wait', ...ready])
        await status.assertHealthy(scene, 'primary')
      })
    })
  })

  describe('on a cluster without operators', () => {
    let scene: Scene

    before(async () => {
      scene = await pair.scene('status-bare')
    })

    it("names another program's definition, and what becomes of it", async () => {
      const { secondary: cluster } = pair
      await kubectl(cluster, ['create', '-f', '-'], JSON.stringify(foreignClusters))
      const finding = await status.wrong(scene, 'secondary', 'DefinitionForeign')
      assert.match(finding.what, /clusters\.dist\.kio\.kasten\.io belongs to another program: it has no label/)
      await status.mend(finding)
      await installDefinitions(cluster)
      const { findings } = await status.report(scene, 'secondary')
      assert.deepEqual(
        findings.filter(({ code }) => code.startsWith('Definition')),
        [],
      )
    })

    it('ends each of its failures with a command in a terminal of 100 columns, and gives 1', async () => {
      await scene.mcJoin({ token: 'nonsense' })
      const { stdout, exitCode } = await shell.run(status.command(scene, 'secondary'))
      assert.equal(exitCode, 1)
      assert.match(stdout, /^WRONG on the secondary: NotRunning: no conjoin secondary has ever worked/m)
      const failures = stdout.split('\n\n').filter((block) => block.startsWith('WRONG'))
      for (const failure of failures) assert.match(failure.trimEnd().split('\n').at(-1) ?? '', /^ {4}\S/)
      assert.deepEqual(
        stdout.split('\n').filter((line) => line.length > 100 && line.includes(' ', 5)),
        [],
      )
    })
  })
})
