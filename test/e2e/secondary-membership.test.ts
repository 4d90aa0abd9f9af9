/** A membership that stays true, whatever happens to its objects, its process and its primary. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KubeEvent, Secret } from '../../src/kube/objects.ts'
import type { RunningPrimary } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { list } from '../support/api-objects.ts'
import { secretOf } from '../support/key-change.ts'
import { kubectl, plain } from '../support/kubectl.ts'
import { type Pair, startOwnPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const prefix = 'dist.kio.kasten.io'

interface Role {
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[]
}

describe('a membership', () => {
  let pair: Pair
  let scene: Scene
  let primary: RunningPrimary
  let secondary: RoleProcess

  before(async () => {
    pair = await startOwnPair()
    scene = await pair.scene('member')
    ;({ primary, secondary } = await scene.join('east'))
  })
  after(async () => pair.stop())

  const identity = async () => secretOf(scene, 'mc-identity')
  const statusAnnotation = async (name: string) => {
    const secret = await scene.readOnSecondary<Secret>('secret', 'mc-join-status')
    return secret?.metadata.annotations?.[`${prefix}/${name}`]
  }
  const remove = async (name: string) => scene.onSecondary(['delete', 'secret', name])

  it('restores mc-cluster-info that somebody has deleted or changed', async () => {
    const info = await scene.clusterInfo()
    await remove('mc-cluster-info')
    assert.deepEqual(await until('mc-cluster-info is back', async () => scene.clusterInfo()), info)
    await scene.onSecondary(['patch', 'secret', 'mc-cluster-info', '-p', '{"stringData":{"endpoint":"https://evil"}}'])
    await until('it is repaired', async () => (await scene.clusterInfo())?.['endpoint'] === scene.endpoint)
  })

  it('writes mc-identity back with the same key', async () => {
    const key = (await identity())?.data?.['key']
    await remove('mc-identity')
    const restored = await until('mc-identity is back', identity)
    assert.equal(restored.data?.['key'], key)
  })

  it('outlives mc-join, and gets its status back', async () => {
    await remove('mc-join')
    await remove('mc-join-status')
    await scene.untilStatus('Joined')
    assert.notEqual(await scene.clusterInfo(), undefined)
  })

  it('says when the primary does not answer, and that it answers again', async () => {
    await scene.stop(primary)
    const error = await until('contact-error is set', async () => statusAnnotation('contact-error'))
    assert.match(error, /^ConnectRefused: .*; check the endpoint in mc-join, and that the primary is running$/)
    assert.equal((await scene.status())?.['status'], 'Joined')
    assert.notEqual(await statusAnnotation('last-contact'), undefined)
    primary = await scene.startPrimary()
    await until('contact-error is gone', async () => (await statusAnnotation('contact-error')) === undefined)
  })

  it('tells the primary that it may not write its Secrets, until it may again', async () => {
    const rights = async (): Promise<Role> =>
      JSON.parse(await scene.onSecondary(['get', 'role', 'conjoin-secondary', '-o', 'json'])) as Role
    const grant = async ({ rules }: Role) =>
      scene.onSecondary(['patch', 'role', 'conjoin-secondary', '--type=merge', '-p', JSON.stringify({ rules })])
    const health = async () => {
      const conditions = (await scene.cluster('east'))?.status?.conditions
      return conditions?.find(({ type }) => type === 'Healthy')
    }
    const granted = await rights()
    const mayRead = granted.rules.map((rule) =>
      rule.resources.includes('secrets') ? { ...rule, verbs: ['get', 'list', 'watch'] } : rule,
    )
    await grant({ rules: mayRead })
    await remove('mc-cluster-info')
    const unhealthy = await until('the primary shows it', async () => {
      const condition = await health()
      return condition?.status === 'False' ? condition : undefined
    })
    assert.deepEqual([unhealthy.reason, unhealthy.message], ['ReportedUnhealthy', 'api-write-failed'])
    await grant(granted)
    await until('mc-cluster-info is back', async () => scene.clusterInfo())
    await until('the primary shows that it is well', async () => (await health())?.status === 'True')
  })

  it('goes on after a restart without a single write', async () => {
    await scene.stop(secondary)
    const mark = await pair.secondary.auditLog.mark()
    secondary = await scene.startSecondary()
    await until('the first heartbeat has been answered and handled', async () => {
      const messages = secondary.lines().map(({ msg }) => msg)
      return messages.includes('heartbeat') && messages.lastIndexOf('reconciled') > messages.indexOf('heartbeat')
    })
    const user = `system:serviceaccount:${scene.namespace}:conjoin-secondary`
    const writes = await pair.secondary.auditLog.writesSince(mark, { user })
    assert.deepEqual(
      writes.filter(({ resource }) => resource !== 'leases'),
      [],
    )
  })

  it('is given up where mc-identity names another cluster, and a new key takes the place of its own', async () => {
    await scene.stop(secondary)
    const before = await identity()
    await scene.onSecondary(['annotate', 'secret', 'mc-identity', `${prefix}/cluster-uid=another`, '--overwrite'])
    secondary = await scene.startSecondary()
    const status = await scene.untilStatus('Rejected')
    assert.equal(status['msg'], 'CloneSuspected: this identity belongs to another cluster; create a new mc-join')
    const fresh = await until('there is a new key', async () => {
      const secret = await identity()
      return secret?.data?.['key'] === before?.data?.['key'] ? undefined : secret
    })
    assert.equal(fresh.metadata.annotations?.[`${prefix}/cluster-uid`], pair.secondary.kubeSystemUid)
    assert.equal(fresh.data?.['aside.key'], before?.data?.['key'])
    assert.equal(fresh.data?.['membership'], '')
    assert.equal(await scene.clusterInfo(), undefined)
  })

  it('is not taken over by the new key of the same cluster without the word of the administrator', async () => {
    const token = await scene.token('second')
    await scene.mcJoin({ ...token, clusterName: 'east' })
    await scene.untilStatus('Rejected', /^KeyMismatch: /)
    assert.equal(await scene.clusterInfo(), undefined)
  })

  it('comes back with its new key by the command in the refusal, as the same member', async () => {
    const before = await scene.cluster('east')
    const { msg = '' } = (await scene.status()) ?? {}
    const command = /kubectl (annotate clusters\.dist\S+ east -n \S+ \S+ --overwrite)$/.exec(msg)?.[1]
    assert.ok(command !== undefined, msg)
    await kubectl(pair.primary, command.split(' '))
    await scene.onSecondary(['annotate', 'secret', 'mc-join', `${prefix}/retry=1`])
    await scene.untilStatus('Joined')
    const after = await scene.cluster('east')
    assert.equal(after?.metadata.uid, before?.metadata.uid)
    assert.notEqual(after?.spec.member?.keyId, before?.spec.member?.keyId)
    assert.equal(after?.metadata.annotations?.[`${prefix}/allow-rebind`], undefined, 'it was good for one key, once')
    const told = await until('the Cluster tells of its new key', async () =>
      (await scene.eventsOnPrimary()).find(({ reason }) => reason === 'KeyChanged'),
    )
    assert.equal(told.regarding.name, 'east')
  })
})

describe('a secondary', () => {
  let pair: Pair
  before(async () => {
    pair = await startOwnPair()
  })
  after(async () => pair.stop())

  it('touches no Secret of a user under one of its names, and says which on /readyz and in an Event', async () => {
    const scene = await pair.scene('foreign')
    const theirs = { metadata: { name: 'mc-join-status' }, type: 'example.com/theirs', stringData: { status: 'mine' } }
    await scene.onSecondary(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Secret', ...theirs }))
    const secondary = await scene.startSecondary()
    const { adminPort } = await secondary.logged('it has an admin port', ({ msg }) => msg === 'started')
    const what =
      'the Secret mc-join-status has the type example.com/theirs instead of Opaque, so it is not touched; delete it'
    await until('it is not ready', async () => (await readyz(adminPort)).includes(what))
    await scene.mcJoin({ endpoint: 'primary.example', token: 'mcj1' })
    await secondary.logged(
      'mc-join has been handled',
      (line) => line.msg === 'reconciled' && line['resourceVersion'] !== undefined,
    )
    const secret = await scene.readOnSecondary<Secret>('secret', 'mc-join-status')
    assert.ok(secret)
    assert.deepEqual(plain(secret), { status: 'mine' })
    await until('an Event says so', async () =>
      (await list<KubeEvent>(pair.secondary, scene.namespace, 'event')).some(
        ({ reason }) => reason === 'SecretNotOurs',
      ),
    )

    await scene.onSecondary(['delete', 'secret', 'mc-join-status'])
    await scene.untilStatus('Rejected', /^EndpointInvalid|^TokenMalformed/)
    await until('it is ready', async () => (await readyz(adminPort)) === 'ok\n')
  })

  it('that is a primary itself says so instead of joining', async () => {
    const scene = await pair.scene('both', { primaryFlags: {}, secondaryFlags: { 'primary-namespace': 'both-own' } })
    await scene.startPrimary()
    await scene.bootstrap()
    const token = await scene.token()
    await kubectl(pair.secondary, ['apply', '-f', 'crds'])
    await kubectl(pair.secondary, ['create', 'namespace', 'both-own'])
    const own = {
      apiVersion: `${prefix}/v1alpha1`,
      kind: 'Cluster',
      metadata: { name: 'own', namespace: 'both-own', labels: { [`${prefix}/cluster-type`]: 'primary' } },
      spec: { primary: true, k10: { namespace: 'kasten-io', releaseName: 'k10' } },
    }
    await until('the kind is served', async () => {
      await kubectl(pair.secondary, ['create', '-f', '-'], JSON.stringify(own))
      return true
    })
    await scene.startSecondary()
    await scene.mcJoin({ ...token, clusterName: 'east' })
    await scene.untilStatus('Joining', /^RoleConflict: this cluster is a primary itself; /)
    assert.equal((await scene.clusters()).length, 1)
    await kubectl(pair.secondary, ['delete', 'clusters.dist.kio.kasten.io', 'own', '-n', 'both-own'])
    await scene.untilStatus('Joined')
  })

  it('with multi-cluster disabled asks the API server for nothing but its version', async () => {
    const scene = await pair.scene('disabled', { secondaryFlags: { multicluster: 'false' } })
    const mark = await pair.secondary.auditLog.mark()
    const secondary = await scene.startSecondary()
    await scene.mcJoin({ endpoint: 'https://127.0.0.1:1', token: 'mcj1.any' })
    assert.equal(await secondary.stop(), 0)
    const user = `system:serviceaccount:${scene.namespace}:conjoin-secondary`
    const asked = (await pair.secondary.auditLog.since(mark)).filter((event) => event.user === user)
    assert.deepEqual(asked, [])
    assert.equal(await scene.status(), undefined)
  })
})

/** The text of /readyz. */
async function readyz(port: unknown): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(port)}/readyz`)).text()
}
