/** `kubectl conjoin clusters` on a real control plane: the table, the times in it, what is selected, and the other forms. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/api/cluster.ts'
import { sightingsLabel } from '../../src/api/group.ts'
import { encodeSightings, sightingsName } from '../../src/api/sightings.ts'
import type { Heartbeat } from '../../src/protocol/reply.ts'
import { kubectl } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { createShell, type Shell } from './status.fixture.ts'

describe('kubectl conjoin clusters', () => {
  let pair: Pair
  let scene: Scene
  let shell: Shell

  before(async () => {
    pair = await startPair()
    shell = await createShell(pair.primary, pair.secondary)
    scene = await pair.scene('fleet')
    await scene.join('east')
    await scene.untilReady('primary-cluster-1')
  })

  after(async () => pair.stop())

  it('lists them, and tells when each was last heard', async () => {
    const list = async (...more: readonly string[]) => {
      const places = ['-n', scene.place.namespace, '--operator-namespace', scene.place.home]
      const { stdout, stderr } = await shell.run(
        ['kubectl conjoin clusters --context primary', ...places, ...more].join(' '),
      )
      assert.equal(stderr, '')
      return stdout.trimEnd().split('\n')
    }
    const [heading, east, own] = await list()
    assert.match(heading ?? '', /^NAME +TYPE +READY +REASON +VERSION +LAST-SEEN +AGE$/)
    assert.match(east ?? '', /^east +secondary +True +Joined +v1\.36\.3 +≤\d+s +\d+s$/)
    assert.match(own ?? '', /^primary-cluster-1 +primary +True +Primary +v1\.36\.3 +<self> +\d+s$/)

    // As another replica of the primary would tell it.
    const sighting = { uid: pair.secondary.kubeSystemUid, age: 0, gap: 20_000, heartbeat, run: 'run1' }
    const told = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: sightingsName('another'), namespace: scene.place.home, labels: { [sightingsLabel]: 'told' } },
      ...encodeSightings('another', Date.now() + 1_000, [sighting]),
    }
    await kubectl(pair.primary, ['create', '-f', '-'], JSON.stringify(told))
    const secondaries = await list('-l', 'dist.kio.kasten.io/cluster-type=secondary')
    assert.equal(secondaries.length, 2)
    assert.match(secondaries[1] ?? '', /^east +secondary +True +Joined +v1\.36\.3 +\d+s +\d+s$/)

    const nobody = await shell.run(`kubectl conjoin clusters nobody -n ${scene.place.namespace} --context primary`)
    assert.equal(nobody.exitCode, 1)
    assert.match(
      nobody.stderr,
      /there is no Cluster nobody in fleet-mc\n.*\n {2}kubectl get clusters\.dist\.kio\.kasten\.io /,
    )

    const names = ['cluster.dist.kio.kasten.io/east', 'cluster.dist.kio.kasten.io/primary-cluster-1']
    assert.deepEqual(await list('-o', 'name'), names)
    const shown = JSON.parse((await list('east', '-o', 'json')).join('\n')) as Cluster
    assert.equal(shown.metadata.name, 'east')
    const { items } = JSON.parse((await list('-o', 'json')).join('\n')) as { items: Cluster[] }
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['east', 'primary-cluster-1'],
    )
  })
})

const heartbeat: Heartbeat = { health: 'ok', versions: { operator: '0.1.0', kubernetes: 'v1.36.3' } }
