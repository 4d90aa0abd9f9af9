/** T35: a member that says something else of itself with each heartbeat. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createMemberLabels } from '../../../../src/primary/labels/member-labels.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { newsLoad } from '../../../../src/primary/load/limits.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { cluster } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

it('a member that reports other forbidden labels with each heartbeat causes two Events a minute, and no label', async () => {
  const clock = createManualClock()
  const notes: string[] = []
  let writes = 0
  const labels = createMemberLabels({
    client: {
      async apply() {
        writes += 1
        return cluster('east') as never
      },
    },
    events: { record: ({ note }) => notes.push(note) },
    memberLabels: ['region'],
    pace: createBuckets(newsLoad, clock),
    log: silentLog,
  })
  for (let beat = 0; beat < 600; beat += 1) {
    labels.reported(cluster('east'), {
      [`label-${beat}`]: 'x',
      'dist.kio.kasten.io/cluster-type': 'primary',
      'node-role.kubernetes.io/master': '',
      [`\u001b[31m${beat}`]: 'x',
      region: 'x'.repeat(beat % 2 === 0 ? 64 : 0) || '-',
    })
    await clock.advance(1_000)
  }
  assert.equal(writes, 0)
  assert.ok(notes.length <= 3 + 20, `${notes.length} Events in ten minutes`)
  assert.match(notes[0] ?? '', /cluster-type/)
  assert.ok(
    notes.every((note) => /^[\x20-\x7e]*$/.test(note)),
    'no control characters',
  )
})
