/** What the labels of a member cost, and what becomes of them where the API server refuses some. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { KubeApiError } from '../../../../src/kube/errors.ts'
import { createMemberLabels } from '../../../../src/primary/labels/member-labels.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { newsLoad } from '../../../../src/primary/load/limits.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { cluster } from '../objects.fixture.ts'

const east = cluster('east')
const turn = async () => new Promise((resolve) => setImmediate(resolve))

function world() {
  const clock = createManualClock()
  const { log, lines } = createRecordingLog()
  const applied: { labels: unknown; record: string | undefined; force: boolean }[] = []
  const notes: string[] = []
  const refusals: KubeApiError[] = []
  const labels = createMemberLabels({
    client: {
      async apply(_kind, { metadata }, { force, fieldManager }) {
        assert.deepEqual([metadata.uid, fieldManager], ['object-east', 'conjoin-member-labels'])
        const record = metadata.annotations?.[annotations.memberLabels]
        applied.push({ labels: metadata.labels, record, force: force === true })
        const refusal = refusals.shift()
        if (refusal !== undefined) throw refusal
        return east as never
      },
    },
    events: { record: ({ reason, note }) => notes.push(`${reason}: ${note}`) },
    memberLabels: ['region', 'tier'],
    pace: createBuckets(newsLoad, clock),
    log,
  })
  return { clock, labels, applied, notes, refusals, lines }
}

function conflict(...fields: string[]): KubeApiError {
  const subject = { verb: 'apply', resource: 'clusters' }
  return new KubeApiError(subject, { status: 409, reason: 'Conflict', message: 'taken', fields })
}

describe('labels that a member reports', () => {
  it('are applied with what was reported as the record, bound to the Cluster of the member', async () => {
    const { labels, applied, notes } = world()
    labels.reported(east, { tier: 'gold', region: 'eu' })
    await turn()
    assert.deepEqual(applied, [{ labels: { tier: 'gold', region: 'eu' }, record: 'region=eu,tier=gold', force: false }])
    assert.deepEqual(notes, [])
  })

  it('are applied without those that are somebody else’s, and are still recorded as reported', async () => {
    const { labels, applied, refusals } = world()
    refusals.push(conflict('.metadata.labels.region'))
    labels.reported(east, { tier: 'gold', region: 'eu' })
    await turn()
    assert.deepEqual(applied.at(-1), { labels: { tier: 'gold' }, record: 'region=eu,tier=gold', force: false })
  })

  it('take the record back from who has edited it', async () => {
    const { labels, applied, refusals } = world()
    refusals.push(conflict(`.metadata.annotations.${annotations.memberLabels}`))
    labels.reported(east, { region: 'eu' })
    await turn()
    assert.deepEqual(applied.at(-1), { labels: { region: 'eu' }, record: 'region=eu', force: true })
  })

  it('go with their record where none is reported any longer', async () => {
    const { labels, applied } = world()
    const before = cluster('east', {
      metadata: { labels: { region: 'eu' }, annotations: { [annotations.memberLabels]: 'region=eu' } },
    })
    labels.reported(before, {})
    await turn()
    assert.deepEqual(applied, [{ labels: undefined, record: undefined, force: false }])
  })

  it('fail in the log only', async () => {
    const { labels, refusals, lines } = world()
    refusals.push(new KubeApiError({ verb: 'apply', resource: 'clusters' }, { status: 500, reason: 'x', message: 'x' }))
    labels.reported(east, { region: 'eu' })
    await turn()
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [['warn', 'cannot take over the labels of a member']],
    )
  })

  it('cost two writes a minute at most, however often they change', async () => {
    const { clock, labels, applied } = world()
    for (let beat = 0; beat < 60; beat += 1) {
      labels.reported(east, { region: `eu-${beat}` })
      await clock.advance(10_000)
    }
    assert.ok(applied.length <= 3 + 20, `${applied.length} writes in ten minutes`)
  })

  it('that are left out are complained of once, until they are others', async () => {
    const { clock, labels, applied, notes } = world()
    const beat = async (reported: Record<string, string>) => {
      labels.reported(east, reported)
      await clock.advance(60_000)
    }
    await beat({ team: 'a' })
    await beat({ team: 'b' })
    await beat({ zone: 'a' })
    await beat({})
    await beat({ zone: 'a' })
    labels.forget('east')
    await beat({ zone: 'a' })
    const why = 'LabelsDropped: labels that the cluster reports were left out; not allowed by --member-labels:'
    assert.deepEqual(notes, [`${why} team`, `${why} zone`, `${why} zone`, `${why} zone`])
    assert.deepEqual(applied, [])
  })
})
