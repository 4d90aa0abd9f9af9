/** The warnings that `status` shows: the newest of the last hour, each with the time at which it was last seen. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { recentWarnings } from '../../../../src/cli/diagnosis/recent-warnings.ts'
import type { KubeEvent } from '../../../../src/kube/objects.ts'

const now = Date.UTC(2030, 0, 5, 12)

/** Times are as the API server stores them: with microseconds. */
const event = (name: string, eventTime: string, lastObservedTime?: string): KubeEvent => ({
  metadata: { name },
  type: 'Warning',
  reason: 'Rejected',
  action: 'Rejected',
  note: `note of ${name}`,
  eventTime,
  reportingController: 'dist.kio.kasten.io/primary',
  reportingInstance: 'pod',
  regarding: { kind: 'Secret', name },
  ...(lastObservedTime === undefined ? {} : { series: { count: 2, lastObservedTime } }),
})

it('shows whole seconds of what was seen in the last hour, the newest first, and five at most', () => {
  const events = [
    event('old', '2030-01-05T10:59:59.999999Z'),
    event('repeated', '2030-01-05T09:00:00.000000Z', '2030-01-05T11:59:30.123456Z'),
    event('once', '2030-01-05T11:30:00.654321Z'),
    event('undated', 'yesterday'),
  ]
  assert.deepEqual(recentWarnings({ kind: 'read', value: events }, now), [
    { at: '2030-01-05T11:59:30Z', about: 'Secret repeated', reason: 'Rejected', note: 'note of repeated' },
    { at: '2030-01-05T11:30:00Z', about: 'Secret once', reason: 'Rejected', note: 'note of once' },
  ])
  const many = Array.from({ length: 9 }, (_, minute) => event(`${minute}`, `2030-01-05T11:5${minute}:00.000000Z`))
  assert.deepEqual(
    recentWarnings({ kind: 'read', value: many }, now).map(({ about }) => about),
    ['Secret 8', 'Secret 7', 'Secret 6', 'Secret 5', 'Secret 4'],
  )
})
