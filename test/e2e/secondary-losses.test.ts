/** A secondary whose membership was lost somewhere: deleted while it did not run, forgotten by its primary, or copied. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { annotations } from '../../src/api/group.ts'
import { encodeClusterInfo } from '../../src/api/mc-cluster-info.ts'
import { encodeIdentity } from '../../src/api/mc-identity.ts'
import { joinHash } from '../../src/api/mc-join.ts'
import { encodeJoinStatus } from '../../src/api/mc-join-status.ts'
import type { Secret } from '../../src/kube/objects.ts'
import { Redacted } from '../../src/lib/redacted.ts'
import { generateSigningKey, type SigningKey, toPrivatePem } from '../../src/protocol/keys.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { exchangeName } from '../support/join-steps.ts'
import type { Plain } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { handled, handledWithoutMcJoin } from '../support/role-reports.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a secondary', () => {
  let pair: Pair
  let scene: Scene
  /** Whatever is asked of the primary passes here. */
  let way: FaultProxy
  let primary: RoleProcess
  let given: Plain
  let scenes = 0

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  beforeEach(async () => {
    scenes += 1
    scene = await pair.scene(`loss-${scenes}`, {
      scheme: 'http',
      secondaryFlags: { 'allow-insecure-primary-ingress': 'true' },
    })
    way = await startFaultProxy({ target: () => scene.endpoint, recognise: exchangeName })
    primary = await scene.startPrimary()
    await scene.bootstrap({ url: way.url })
    given = { ...(await scene.token()), clusterName: 'east' }
  })

  afterEach(async () => {
    await scene.end()
    await way.close()
  })

  const joins = () => way.passed().filter((name) => name === 'POST join').length

  async function join(): Promise<RoleProcess> {
    const secondary = await scene.startSecondary()
    await scene.mcJoin(given)
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
    return secondary
  }

  /** As after a restore from a backup that is older than the join: neither a Cluster nor a tombstone. */
  async function forgetTheCluster(): Promise<void> {
    await scene.stop(primary)
    await scene.onPrimary(['patch', cluster, '--type=merge', '-p', '{"metadata":{"finalizers":null}}'])
    await scene.onPrimary(['delete', cluster, '--timeout=30s'])
    primary = await scene.startPrimary()
  }

  it('cleans up when it starts after its Cluster was deleted, though nothing of its mc-join has changed', async () => {
    await scene.stop(await join())
    await scene.onPrimary(['delete', cluster, '--timeout=30s'])
    const asked = joins()
    const secondary = await scene.startSecondary()
    const { msg } = await scene.untilStatus('Rejected')
    assert.match(
      msg ?? '',
      /^Disconnected: east was disconnected from primary-cluster-1 by the primary at \d{4}-\d\d-\d\dT[\d:.]+Z; to join again, put a valid join token into mc-join$/,
    )
    await until('mc-cluster-info is gone', async () => (await scene.clusterInfo()) === undefined)
    await scene.onSecondary(['annotate', 'secret', 'mc-join', 'example.com/fence=1'])
    await handled(secondary, 'join', await scene.readOnSecondary('secret', 'mc-join'))
    assert.equal(joins(), asked, 'the same content is not tried again')

    await scene.onSecondary(['annotate', 'secret', 'mc-join', `${annotations.retry}=1`])
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
  })

  it('comes back by itself, under its name, to a primary that has forgotten it', async () => {
    await join()
    await forgetTheCluster()
    await until('it is a Cluster again', async () => scene.cluster('east'))
    await scene.untilReady('east')
    await scene.untilStatus('Joined', /^$/)
  })

  it('without mc-join waits for the word of an administrator when its primary has forgotten it, and keeps what it has', async () => {
    const secondary = await join()
    const info = await scene.clusterInfo()
    await handledWithoutMcJoin(secondary, async () => scene.onSecondary(['delete', 'secret', 'mc-join']))
    await forgetTheCluster()
    await scene.untilStatus('Joining', /^PendingApproval: primary-cluster-1 does not know east any more, /)
    assert.deepEqual(await scene.clusterInfo(), info)
    assert.equal((await scene.cluster('east'))?.spec.approval, 'manual')

    await scene.onPrimary(['patch', cluster, '--type=merge', '-p', '{"spec":{"approved":true}}'])
    await scene.untilStatus('Joined', /^$/)
    await scene.untilReady('east')
    assert.ok((await scene.readBootstrap('east')) !== undefined, 'it is recorded as after a join')
  })

  it('gives up an identity that was copied from another cluster, and joins with a key of its own', async () => {
    const copied = generateSigningKey()
    await scene.mcJoin(given)
    await copyMembership(copied)
    const secondary = await scene.startSecondary()
    const { msg } = await scene.untilStatus('Rejected')
    assert.equal(msg, 'CloneSuspected: this identity belongs to another cluster; create a new mc-join')
    await until('mc-cluster-info is gone', async () => (await scene.clusterInfo()) === undefined)
    const moved = await until('there is another key', async () => {
      const data = (await scene.readOnSecondary<Secret>('secret', 'mc-identity'))?.data
      return data?.['aside.key'] === undefined ? undefined : data
    })
    assert.equal(moved['aside.key'], Buffer.from(toPrivatePem(copied)).toString('base64'))
    assert.deepEqual([moved['membership'], moved['token']], ['', ''])
    await scene.onSecondary(['annotate', 'secret', 'mc-join', 'example.com/fence=1'])
    await handled(secondary, 'join', await scene.readOnSecondary('secret', 'mc-join'))
    assert.deepEqual(way.passed(), [], 'nobody has been asked with the copied key, nor with the copied mc-join')

    await scene.mcJoin({ ...given, clusterName: 'copy' })
    await scene.untilStatus('Joined')
    await scene.untilReady('copy')
    const member = (await scene.cluster('copy'))?.spec.member
    assert.equal(member?.uid, pair.secondary.kubeSystemUid)
    assert.notEqual(member?.keyId, copied.thumbprint)
  })

  /** What a backup of another member's namespace would bring along, all of it about the mc-join that is there. */
  async function copyMembership(key: SigningKey): Promise<void> {
    const joined = {
      membership: {
        primaryUid: pair.primary.kubeSystemUid,
        primaryName: 'primary-cluster-1',
        clusterName: 'east',
        dialect: 'first',
        endpoint: way.url,
        endpoints: [way.url],
        keys: { current: { kid: key.thumbprint, x: key.x } },
      },
      token: new Redacted('the-communication-token-of-another-cluster'),
    } as const
    const privateKey = new Redacted(toPrivatePem(key))
    const identity = encodeIdentity({ clusterUid: 'the-uid-of-another-cluster', privateKey, joined })
    const hash = joinHash((await scene.readOnSecondary<Secret>('secret', 'mc-join'))?.data, undefined, undefined)
    const status = { status: 'Joined', msg: '', timestamp: '2026-01-31T12:00:00Z', hash } as const
    await create('mc-identity', identity)
    await create('mc-cluster-info', { data: encodeClusterInfo(joined) })
    await create('mc-join-status', { data: encodeJoinStatus(status, 'first') })
  }

  async function create(name: string, content: { data: object; annotations?: object }): Promise<void> {
    const { data, annotations: marks = {} } = content
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name, annotations: marks }, data }
    await scene.onSecondary(['create', '-f', '-'], JSON.stringify(secret))
  }
})

const cluster = 'clusters.dist.kio.kasten.io/east'
