/** A secondary leaves its primary when its user says so, whether the primary can be told or not, and may come back. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { ConfigMap, Secret } from '../../src/kube/objects.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { handled } from '../support/role-reports.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'
import { wrongClock } from '../support/wrong-clock.ts'

const retry = 'dist.kio.kasten.io/retry'

const leave = async (scene: Scene) =>
  scene.onSecondary(['annotate', 'secret', 'mc-cluster-info', 'dist.kio.kasten.io/leave=now'])
const joinAgain = async (scene: Scene) => scene.onSecondary(['annotate', 'secret', 'mc-join', `${retry}=again`])

async function identity(scene: Scene): Promise<Readonly<Record<string, string>>> {
  return (await scene.readOnSecondary<Secret>('secret', 'mc-identity'))?.data ?? {}
}

async function tombstones(scene: Scene): Promise<Readonly<Record<string, string>>> {
  return (await scene.readOnPrimary<ConfigMap>('configmap', 'mc-tombstones'))?.data ?? {}
}

async function untilAcknowledged(scene: Scene): Promise<void> {
  await until('the primary knows that the cluster knows', async () => {
    const all = Object.entries(await tombstones(scene))
    const [, stored] = all.find(([entry]) => entry.startsWith(`${scene.secondaryCluster.kubeSystemUid}.`)) ?? []
    return stored !== undefined && (JSON.parse(stored) as { acknowledged?: boolean }).acknowledged === true
  })
}

/** The key stays, the membership does not. */
async function untilForgotten(scene: Scene, key: string | undefined): Promise<void> {
  await until('mc-cluster-info is gone', async () => (await scene.clusterInfo()) === undefined)
  const left = await until('the membership is gone', async () => {
    const { membership = '', token = '', ...rest } = await identity(scene)
    return membership + token === '' ? rest : undefined
  })
  assert.deepEqual(left, { key })
}

async function untilGone(scene: Scene): Promise<void> {
  await until('its Cluster is gone', async () => (await scene.cluster('east')) === undefined)
}

describe('a secondary leaves', { concurrency: 2 }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  describe('a primary that can be told', { concurrency: 1 }, () => {
    let scene: Scene
    let primary: RoleProcess
    let secondary: RoleProcess
    let key: string | undefined

    before(async () => {
      scene = await pair.scene('told')
      ;({ primary, secondary } = await scene.join('east'))
      ;({ key } = await identity(scene))
    })

    it('and is gone there too, where an Event names it', async () => {
      const mark = await pair.primary.auditLog.mark()
      await leave(scene)
      const { msg } = await scene.untilStatus('Rejected', /^Left: /)
      assert.equal(
        msg,
        `Left: east left primary-cluster-1; to join again, put another join token into mc-join, or a new value into its annotation ${retry}`,
      )
      await untilForgotten(scene, key)
      await untilGone(scene)
      assert.equal(await scene.readBootstrap('east'), undefined, 'the record of the join goes with its Cluster')
      await until('an Event says so', async () =>
        (await scene.eventsOnPrimary()).some(
          ({ reason, regarding }) => reason === 'Left' && regarding.kind === 'Cluster' && regarding.name === 'east',
        ),
      )
      await untilAcknowledged(scene)
      await until('the primary is held by no secondary', async () => {
        const own = await scene.cluster('primary-cluster-1')
        return own?.metadata.finalizers?.length === 0 || own?.metadata.finalizers === undefined
      })
      await handled(primary, 'cluster', await scene.cluster('primary-cluster-1'))
      const user = `system:serviceaccount:${scene.place.home}:conjoin-primary`
      const writes = (await pair.primary.auditLog.writesSince(mark, { user })).filter(
        ({ resource, name }) => resource === 'clusters' && name === 'east',
      )
      assert.deepEqual(
        writes.map(({ verb, responseCode }) => [verb, responseCode]),
        [
          ['delete', 200],
          ['patch', 200],
        ],
        'deleted once, and released once',
      )
    })

    it('and stays out over a restart', async () => {
      await scene.stop(secondary)
      secondary = await scene.startSecondary()
      await handled(secondary, 'join', await scene.readOnSecondary('secret', 'mc-join'))
      assert.match((await scene.status())?.['msg'] ?? '', /^Left: /)
      assert.equal(await scene.clusterInfo(), undefined)
      assert.equal(await scene.cluster('east'), undefined)
    })

    it('and joins again when it is asked to', async () => {
      await joinAgain(scene)
      await scene.untilStatus('Joined')
      await scene.untilReady('east')
      assert.deepEqual(await tombstones(scene), {})
    })

    it('when it runs again, where it was stopped before it could', async () => {
      await scene.stop(secondary)
      await leave(scene)
      secondary = await scene.startSecondary()
      await scene.untilStatus('Rejected', /^Left: east left primary-cluster-1; /)
      await untilForgotten(scene, key)
      await untilGone(scene)
    })
  })

  describe('a primary that is down', { concurrency: 1 }, () => {
    let scene: Scene
    let primary: RoleProcess
    let key: string | undefined

    before(async () => {
      scene = await pair.scene('untold')
      ;({ primary } = await scene.join('east'))
      ;({ key } = await identity(scene))
      await scene.stop(primary)
    })

    it('and says that it could not be told, also where mc-join has been deleted', async () => {
      await scene.onSecondary(['delete', 'secret', 'mc-join'])
      await leave(scene)
      const { msg = '' } = await scene.untilStatus('Rejected', /^Left: /)
      const [happened, ...todo] = msg.split('; ')
      assert.match(
        happened ?? '',
        /^Left: east left primary-cluster-1, and the primary was not told: the primary cannot be reached at https:/,
      )
      assert.deepEqual(todo, ['delete its Cluster there', 'to join again, create mc-join with a valid join token'])
      await untilForgotten(scene, key)
    })

    it('and joins as the Cluster that it has left behind', async () => {
      primary = await scene.startPrimary()
      const uid = (await scene.cluster('east'))?.metadata.uid
      assert.ok(uid)
      const { endpoint, token } = await scene.token('again')
      await scene.mcJoin({ endpoint, token, clusterName: 'east' })
      await scene.untilStatus('Joined')
      assert.equal((await scene.cluster('east'))?.metadata.uid, uid)
    })

    it('and when that disconnects it, tells the primary that it has heard', async () => {
      await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
      await scene.untilStatus('Rejected', /^Disconnected: /)
      await untilForgotten(scene, key)
      await untilAcknowledged(scene)
    })

    it('which remembers it for two minutes more, and no longer', async () => {
      await scene.stop(primary)
      primary = await scene.startPrimary({}, wrongClock(2 * 60_000))
      await until('nothing is remembered', async () => Object.keys(await tombstones(scene)).length === 0)
    })
  })
})
