/** Which of the recorded warnings are new enough to be shown. Pure. */
import type { KubeEvent } from '../../kube/objects.ts'
import { type Reading, valueOf } from './observation.ts'
import type { Warning } from './report.ts'

/** Milliseconds: an older one tells of something that may be long over. */
const recent = 3_600_000
const most = 5

/** `now` is ms since the epoch. */
export function recentWarnings(events: Reading<readonly KubeEvent[]>, now: number): readonly Warning[] {
  return (valueOf(events) ?? [])
    .map(({ eventTime, series, reason, note, regarding }) => {
      const at = series?.lastObservedTime ?? eventTime
      return { at, about: `${regarding.kind ?? ''} ${regarding.name}`, reason, note }
    })
    .filter(({ at }) => now - Date.parse(at) < recent)
    .toSorted((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .slice(0, most)
}
