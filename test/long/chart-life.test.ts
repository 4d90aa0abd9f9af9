/**
 * A release from its installation to its end, with pods that run exactly what the API server stored of them: a join, an
 * upgrade, a way back, a removal, a return. Each test begins where the one before has ended.
 */
import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { rootCertificates } from 'node:tls'
import type { Cluster } from '../../src/api/cluster.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { read } from '../support/api-objects.ts'
import { chart, helm, setting, tryHelm, type Values } from '../support/helm.ts'
import { kubectl } from '../support/kubectl.ts'
import { completePod, type Pods, runDeployment } from '../support/pod-runner.ts'
import { type Relay, startRelay } from '../support/relay.ts'
import { type ReleaseUsers, releaseUsers, userNamespaces } from '../support/release-users.ts'
import { asked, covers, formatRight, rightsOf } from '../support/rights.ts'
import { heartbeatAnswered } from '../support/role-reports.ts'
import { until } from '../support/until.ts'

const { primary: objects, secondary: member } = userNamespaces
const home = 'conjoin-system'
const accounts = {
  primary: { namespace: home, name: 'conjoin-primary' },
  secondary: { namespace: member, name: 'conjoin-secondary' },
}

/** Rights that these minutes do not need; other tests do, with the same rights. */
const seldomUsed = [
  // A replica that is a moment too late to make the key: test/unit/primary/identity/claim-secret.test.ts.
  `primary never uses: get secrets mc-primary-identity in ${home}`,
  // What replicas tell each other every half minute: test/e2e/health-shared.test.ts.
  ...['create', 'patch', 'delete'].map((verb) => `primary never uses: ${verb} configmaps in ${home}`),
]

describe('a release of the chart', () => {
  let primary: ControlPlane
  let secondary: ControlPlane
  let users: ReleaseUsers
  let relay: Relay
  let values: Values
  let podsOfPrimary: Pods | undefined
  let podsOfSecondary: Pods | undefined

  before(async () => {
    primary = await startControlPlane({ name: 'primary', controllerManager: true })
    secondary = await startControlPlane({ name: 'secondary' })
    users = releaseUsers(primary, secondary)
    for (const [controlPlane, namespace] of [
      [primary, home],
      [secondary, member],
    ] as const) {
      await kubectl(controlPlane, ['create', 'namespace', namespace])
      await kubectl(controlPlane, ['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
    }
    relay = await startRelay(() => podsOfPrimary?.addresses('join') ?? [])
    values = {
      'multicluster.primary.create': 'true',
      'multicluster.primary.name': 'primary-1',
      'multicluster.primary.ingressURL': endpoint(),
      'primary.heartbeatInterval': '10',
    }
  })

  after(async () => {
    await Promise.all([podsOfPrimary?.stop(), podsOfSecondary?.stop()])
    await relay.close()
    await Promise.all([primary.stop(), secondary.stop()])
  })

  const endpoint = (path = '') => `${relay.url.replace('http:', 'https:')}${path}`

  /** The chart as it was before `mcc` became a short name. */
  async function olderChart(): Promise<string> {
    const directory = join(primary.dir, 'older-chart')
    await cp(chart, directory, { recursive: true })
    const definitions = join(directory, 'templates/crds.yaml')
    const text = await readFile(definitions, 'utf8')
    const older = text.replace('    shortNames:\n      - mcc\n', '')
    assert.notEqual(older, text)
    await writeFile(definitions, older)
    return directory
  }

  async function installSecondary(more: Values = {}): Promise<void> {
    const chosen = { 'secondary.enabled': 'true', ...more }
    await helm(secondary, ['install', 'conjoin', chart, '-n', member, ...setting(chosen)])
    podsOfSecondary = await runDeployment(secondary, member, 'conjoin-secondary')
  }

  /** As a Deployment does it: the new pods are ready before the old ones go. */
  async function rollOut(): Promise<void> {
    const before = podsOfPrimary
    podsOfPrimary = await runDeployment(primary, home, 'conjoin-primary')
    await before?.stop()
  }

  async function untilBootstrap(name: string, reason: string): Promise<void> {
    const path = `--for=jsonpath={.status.conditions[0].reason}=${reason}`
    await kubectl(primary, ['wait', path, `bootstrap/${name}`, '-n', objects, '--timeout=60s'])
  }

  async function argsOf(deployment: string): Promise<string> {
    const path = 'jsonpath={.spec.template.spec.containers[0].args}'
    return kubectl(primary, ['get', 'deployment', deployment, '-n', home, '-o', path])
  }

  it('registers the primary that its values name', async () => {
    const older = { ...values, 'multicluster.primary.ingressURL': endpoint('/old') }
    await helm(primary, ['install', 'conjoin', await olderChart(), '-n', home, ...setting(older)])
    podsOfPrimary = await runDeployment(primary, home, 'conjoin-primary')
    assert.equal(podsOfPrimary.pods.length, 2)
    await until('the Cluster of the primary is there', async () =>
      read<Cluster>(primary, objects, 'cluster', 'primary-1'),
    )
    const name = 'clusters.dist.kio.kasten.io/primary-1'
    await kubectl(primary, ['wait', '--for=condition=Ready', name, '-n', objects, '--timeout=60s'])
  })

  it('is upgraded together with its definitions', async () => {
    assert.notEqual((await primary.kubectl(['get', 'mcc', '-n', objects])).exitCode, 0)
    const changed = { ...values, 'primary.heartbeatInterval': '12' }
    await helm(primary, ['upgrade', 'conjoin', chart, '-n', home, ...setting(changed)])
    assert.match(await argsOf('conjoin-primary'), /--heartbeat-interval=12/)
    await until('the short name is known', async () => {
      const { exitCode } = await primary.kubectl(['get', 'mcc', '-n', objects])
      return exitCode === 0
    })
    await rollOut()
    await until('the Cluster has the address of the new values', async () => {
      const cluster = await read<Cluster>(primary, objects, 'cluster', 'primary-1')
      return cluster?.spec.k10.ingress?.url === endpoint()
    })
  })

  it('lets a cluster join', async () => {
    await installSecondary()
    await users.joinAs('east', await users.token('first'))
  })

  it('goes back to what it was before', async () => {
    await helm(primary, ['rollback', 'conjoin', '1', '-n', home])
    assert.match(await argsOf('conjoin-primary'), /--heartbeat-interval=10/)
    await helm(primary, ['upgrade', 'conjoin', chart, '-n', home, ...setting(values)])
    await rollOut()
    await users.untilReady('east')
  })

  it('has every right that it needs, and none that it does not', async () => {
    // A use is counted; the same cluster asks again; it is disconnected; it leaves.
    await users.joinAs('east', await users.token('bounded', { 'max-uses': '2' }))
    await kubectl(primary, ['delete', 'mcc/east', '-n', objects])
    await users.untilStatus('Rejected')
    await users.joinAs('west', await users.token('again'))
    await kubectl(secondary, ['annotate', 'secret', 'mc-cluster-info', '-n', member, 'dist.kio.kasten.io/leave=now'])
    await users.untilStatus('Rejected')
    // What happens twice is one Event that is counted.
    for (const round of ['1', '2']) {
      await users.mcJoin({ endpoint: endpoint(), token: 'no token' })
      await users.untilStatus('Rejected')
      // Without an endpoint it waits for mc-join-config.
      await users.mcJoin({ token: (await users.token(`unused-${round}`))['token'] ?? '' })
      await users.untilStatus('joining')
    }
    await kubectl(secondary, ['delete', 'secret', 'mc-join', '-n', member])
    await users.untilStatus(undefined)
    const other = (name: string) =>
      JSON.stringify({
        apiVersion: 'dist.kio.kasten.io/v1alpha1',
        kind: 'Bootstrap',
        metadata: { name: 'other', namespace: objects },
        spec: { clusters: { one: { name, k10: {} } } },
      })
    for (const [name, reason] of [
      ['primary-1', 'NameConflict'],
      ['ahead', 'Registered'],
      ['primary-1', 'NameConflict'],
    ] as const) {
      await kubectl(primary, ['apply', '-f', '-'], other(name))
      await untilBootstrap('other', reason)
    }
    await users.joinAs('west', await users.token('last'))
    await Promise.all([podsOfPrimary?.stop(), podsOfSecondary?.stop()])

    const faults: string[] = []
    for (const [role, controlPlane] of [
      ['primary', primary],
      ['secondary', secondary],
    ] as const) {
      const account = accounts[role]
      const user = `system:serviceaccount:${account.namespace}:${account.name}`
      const events = (await controlPlane.auditLog.since(0)).filter((event) => event.user === user)
      const refused = events.filter(({ responseCode }) => responseCode === 403)
      faults.push(...refused.flatMap(asked).map((right) => `${role} lacks: ${formatRight(right)}`))
      const requests = events.flatMap(asked)
      const rights = await rightsOf(controlPlane, account)
      assert.ok(rights.length > 10)
      const unused = rights.filter((right) => !requests.some((request) => covers(right, request)))
      faults.push(...unused.map((right) => `${role} never uses: ${formatRight(right)}`))
    }
    assert.deepEqual(
      [...new Set(faults)].filter((fault) => !seldomUsed.includes(fault)),
      [],
    )
  })

  it('leaves behind what memberships are made of', async () => {
    await helm(primary, ['uninstall', 'conjoin', '-n', home])
    await helm(secondary, ['uninstall', 'conjoin', '-n', member])
    const kept = async (controlPlane: ControlPlane, namespace: string, kinds: string) =>
      (await kubectl(controlPlane, ['get', kinds, '-n', namespace, '-o', 'name'])).split('\n')
    assert.deepEqual(await kept(primary, objects, 'bootstraps,mcc'), [
      'bootstrap.dist.kio.kasten.io/bootstrap-primary',
      'bootstrap.dist.kio.kasten.io/other',
      'bootstrap.dist.kio.kasten.io/west',
      'cluster.dist.kio.kasten.io/ahead',
      'cluster.dist.kio.kasten.io/primary-1',
      'cluster.dist.kio.kasten.io/west',
    ])
    assert.ok((await kept(primary, objects, 'secrets')).includes('secret/first'))
    assert.ok((await kept(primary, home, 'secrets')).includes('secret/mc-primary-identity'))
    assert.deepEqual(await kept(primary, home, 'deployments,services,serviceaccounts,roles'), [
      'serviceaccount/default',
    ])
    for (const name of ['mc-cluster-info', 'mc-identity', 'mc-join', 'mc-join-status'])
      assert.ok((await kept(secondary, member, 'secrets')).includes(`secret/${name}`), name)
  })

  it('finds every member again when it is installed again', async () => {
    const before = await read<Cluster>(primary, objects, 'cluster', 'west')
    await helm(primary, ['install', 'conjoin', chart, '-n', home, ...setting(values)])
    podsOfPrimary = await runDeployment(primary, home, 'conjoin-primary')
    // Through a proxy that is not there, unless the Secret is read that says which way needs none.
    const noProxy = ['create', 'secret', 'generic', 'proxy', '--from-literal=NO_PROXY=127.0.0.1', '-n', member]
    await kubectl(secondary, noProxy)
    const trust = `--from-literal=ca.crt=${rootCertificates[0]}`
    await kubectl(secondary, ['create', 'configmap', 'trust', trust, '-n', member])
    await installSecondary({
      logLevel: 'debug',
      'secondary.proxy.httpsProxy': 'http://127.0.0.1:1',
      'secondary.proxy.secret': 'proxy',
      'secondary.caBundle.configMap': 'trust',
    })
    const [pod] = podsOfSecondary?.pods ?? []
    assert.ok(pod !== undefined)
    await heartbeatAnswered(pod.process)
    assert.doesNotMatch(pod.process.output(), /CA bundle/)
    await users.untilReady('west')
    assert.deepEqual((await read<Cluster>(primary, objects, 'cluster', 'west'))?.spec.member, before?.spec.member)
  })

  it('is tested by helm, on either side, with the rights that it has itself', async () => {
    // It would find their conflict.
    await kubectl(primary, ['delete', 'bootstrap/other', 'mcc/ahead', '-n', objects])
    for (const [role, controlPlane] of [
      ['primary', primary],
      ['secondary', secondary],
    ] as const) {
      const { namespace } = accounts[role]
      const tested = tryHelm(controlPlane, ['test', 'conjoin', '-n', namespace, '--timeout', '60s'])
      const printed = await completePod(controlPlane, namespace, `conjoin-${role}-status`)
      assert.equal((await tested).exitCode, 0, printed)
      assert.match(printed, role === 'primary' ? /^primary in kasten-io-mc$/m : /^secondary in kasten-io$/m)
      assert.match(printed, /^Nothing is wrong\.$/m)
    }
  })

  it('lets go of its namespace when that is deleted, by the one right that is not in it', async () => {
    const role = ['clusterrole', `conjoin-primary-${home}`]
    const rules = await kubectl(primary, ['get', ...role, '-o', 'json'])
    await kubectl(primary, ['delete', ...role])
    await kubectl(primary, ['delete', 'namespace', objects, '--wait=false'])
    await until('nothing else holds the namespace', async () => {
      const path = 'jsonpath={.status.conditions[?(@.type=="NamespaceFinalizersRemaining")].message}'
      const message = await kubectl(primary, ['get', 'namespace', objects, '-o', path])
      return message.includes('dist.kio.kasten.io/cluster-info in 2 resource instances')
    })
    const { metadata, ...kept } = JSON.parse(rules) as { metadata: { name: string } }
    await kubectl(primary, ['create', '-f', '-'], JSON.stringify({ ...kept, metadata: { name: metadata.name } }))
    await kubectl(primary, ['wait', '--for=delete', `namespace/${objects}`, '--timeout=60s'])
  })
})
