/** Lists of conditions as the API conventions want them: one per type, with a transition time that means something. */
import type { Condition } from './objects.ts'

/**
 * The list with `next` in it, in the place of the condition of the same type. `lastTransitionTime` moves only when the
 * status changes. Where nothing changes the same array comes back, so that a caller can tell by identity.
 */
export function setCondition(
  conditions: readonly Condition[] | undefined,
  next: Omit<Condition, 'lastTransitionTime'>,
  now: Date,
): readonly Condition[] {
  const current = conditions?.find(({ type }) => type === next.type)
  if (conditions === undefined || current === undefined) {
    return [...(conditions ?? []), { ...next, lastTransitionTime: wholeSeconds(now) }]
  }
  if (sameContent(current, next)) return conditions
  const lastTransitionTime = current.status === next.status ? current.lastTransitionTime : wholeSeconds(now)
  return conditions.map((condition) => (condition === current ? { ...next, lastTransitionTime } : condition))
}

function sameContent(a: Omit<Condition, 'lastTransitionTime'>, b: Omit<Condition, 'lastTransitionTime'>): boolean {
  return (
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration
  )
}

/** `meta/v1` Time has no fraction: a written one would come back different and look like a change. */
function wholeSeconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z')
}
