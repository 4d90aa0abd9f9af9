/** What has changed at an API server, and how a watch tells of it. */
import { selects, type Target } from './paths.ts'
import type { StoredObject } from './stored.ts'

/** One write: what was stored before it, and what since. */
export interface Change {
  readonly version: number
  readonly plural: string
  readonly before: StoredObject | undefined
  readonly after: StoredObject | undefined
}

/** The line of a watch that tells of this change; undefined where the watch does not ask for it. */
export function watchLine(target: Target, { version, plural, before, after }: Change): string | undefined {
  if (target.plural !== plural) return undefined
  const was = before !== undefined && selects(target, before)
  const is = after !== undefined && selects(target, after)
  if (is) return JSON.stringify({ type: was ? 'MODIFIED' : 'ADDED', object: after })
  if (!was) return undefined
  const metadata = { ...before.metadata, resourceVersion: String(version) }
  return JSON.stringify({ type: 'DELETED', object: { ...before, metadata } })
}
