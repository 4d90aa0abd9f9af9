/** What a primary says of a fleet that falls silent together, and of what its members say of themselves. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { annotations, clusterTypeLabel } from '../../src/api/group.ts'
import { formatLabels } from '../../src/api/labels.ts'
import { withFleet } from '../support/clocked-fleet.ts'
import { interval } from '../support/clocked-replicas.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { until } from '../support/until.ts'

describe('a primary of two replicas', { timeout: 240_000 }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  it('calls nobody lost when most of its members fall silent at once, and says that of itself until they are back', async () =>
    withFleet(pair, 'outage', async (fleet) => {
      fleet.behind = [await fleet.lead('leader'), await fleet.replicas.start('follower')]
      const east = await fleet.member('east')
      const others = [await fleet.member('north'), await fleet.member('south'), await fleet.member('west')]
      await fleet.beating([east, ...others], 4 * interval)

      await fleet.beating([east], 10 * interval)
      assert.deepEqual(await fleet.calledLost(), [])
      const own = async () => (await fleet.scene.cluster('primary-cluster-1'))?.status?.conditions ?? []
      const degraded = (await own()).find(({ type }) => type === 'ConnectivityDegraded')
      assert.equal(`${degraded?.status}/${degraded?.reason}`, 'True/ManyHeartbeatsLost')
      assert.match(degraded?.message ?? '', /^3 of 4 clusters fell silent at once, so the fault is likely on this side/)
      const events = await fleet.scene.eventsOnPrimary()
      assert.deepEqual(
        events.filter(({ reason }) => reason === 'ManyHeartbeatsLost').map(({ regarding }) => regarding.name),
        ['primary-cluster-1'],
      )

      const [, ...back] = others
      await fleet.beating([east, ...back], 8 * interval)
      assert.ok((await own()).every(({ type }) => type !== 'ConnectivityDegraded'))
      assert.deepEqual(await fleet.calledLost(), ['north'], 'who stays silent is judged alone')
      for (const name of ['east', 'south', 'west']) assert.equal(await fleet.health(name), 'True/Heartbeat', name)
    }))

  it('puts the labels of a member on its Cluster that it allows, and leaves what a user and a token have set', async () =>
    withFleet(pair, 'labels', async (fleet) => {
      fleet.behind = [await fleet.lead('leader'), await fleet.replicas.start('follower')]
      const { scene } = fleet
      const says: Record<string, string> = {
        region: 'eu',
        'example.com/tier': 'gold',
        team: 'a',
        [clusterTypeLabel]: 'primary',
      }
      const east = await fleet.member('east', { labels: says })
      const token = { 'cluster-labels': 'region=us' }
      const west = await fleet.member('west', { labels: { region: 'eu', 'example.com/tier': 'gold' }, token })
      const labelsOf = async (name: string) => {
        const { [clusterTypeLabel]: type, ...labels } = (await scene.cluster(name))?.metadata.labels ?? {}
        assert.equal(type, 'secondary')
        return labels
      }
      /** Beats until the Cluster has exactly these labels. */
      const untilLabels = async (name: string, expected: Record<string, string>) =>
        until(`${name} has the labels ${JSON.stringify(expected)}`, async () => {
          await fleet.beating([east, west], interval)
          return formatLabels(await labelsOf(name)) === formatLabels(expected)
        })
      const label = async (...words: readonly string[]) =>
        scene.onPrimary(['label', 'mcc', 'east', '--overwrite', ...words])

      await untilLabels('east', { region: 'eu', 'example.com/tier': 'gold' })
      await untilLabels('west', { region: 'us', 'example.com/tier': 'gold' })
      const events = await scene.eventsOnPrimary()
      const dropped = events.find(({ reason, regarding }) => reason === 'LabelsDropped' && regarding.name === 'east')
      assert.equal(
        dropped?.note,
        `labels that the cluster reports were left out; reserved: ${clusterTypeLabel}; not allowed by --member-labels: team`,
      )

      await label('region=us', 'theirs=kept')
      says['region'] = 'de'
      says['example.com/tier'] = 'silver'
      await untilLabels('east', { region: 'us', 'example.com/tier': 'silver', theirs: 'kept' })
      await label('region-')
      await untilLabels('east', { region: 'de', 'example.com/tier': 'silver', theirs: 'kept' })
      for (const key of Object.keys(says)) delete says[key]
      await untilLabels('east', { theirs: 'kept' })
      assert.equal((await scene.cluster('east'))?.metadata.annotations?.[annotations.memberLabels], undefined)

      const mark = await pair.primary.auditLog.mark()
      await fleet.beating([east, west], 4 * interval)
      const writes = await pair.primary.auditLog.writesSince(mark)
      assert.deepEqual(
        writes.filter(({ resource, namespace }) => resource === 'clusters' && namespace === scene.place.namespace),
        [],
        'labels that do not change cost nothing',
      )
    }))
})
