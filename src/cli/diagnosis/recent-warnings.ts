/** Which of the recorded warnings are new enough to be shown. Pure. */
import { formatTimestamp } from '../../api/timestamp.ts'
import type { KubeEvent } from '../../kube/objects.ts'
import { type Reading, valueOf } from './observation.ts'
import type { Warning } from './report.ts'

/** Milliseconds: an older one tells of something that may be long over. */
const recent = 3_600_000
const most = 5

/** `now` is ms since the epoch. */
export function recentWarnings(events: Reading<readonly KubeEvent[]>, now: number): readonly Warning[] {
  return (valueOf(events) ?? [])
    .map((event) => ({ ...event, at: Date.parse(event.series?.lastObservedTime ?? event.eventTime) }))
    .filter(({ at }) => now - at < recent)
    .toSorted((a, b) => b.at - a.at)
    .slice(0, most)
    .map(({ at, regarding, reason, note }) => ({
      at: formatTimestamp(at),
      about: `${regarding.kind ?? ''} ${regarding.name}`,
      reason,
      note,
    }))
}
