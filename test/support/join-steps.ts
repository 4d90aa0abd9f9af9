/**
 * The steps of a join as they can be seen from outside: writes to the two API servers and exchanges between the two
 * processes. Owns their names, which are the same in an audit log and on the wire, and in every scene.
 */
import type { Request } from './fault-proxy.ts'

/** Where a step can be seen: at the API server of the primary or the secondary, or between the two. */
export type Channel = 'primary' | 'secondary' | 'wire'

export interface Step {
  readonly channel: Channel
  /** `patch secrets/mc-identity`, `POST join`. */
  readonly name: string
  /** Which one of this name, from 1. */
  readonly nth: number
}

const verbs: Readonly<Record<string, string>> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

/** The name of a write as it passes; undefined for a read, and for leases and Events. */
export function writeName({ method, path }: Request): string | undefined {
  const verb = verbs[method]
  return verb === undefined ? undefined : auditedWriteName({ verb, requestURI: path })
}

/** The same for a write in an audit log. Leases are renewed at any time, and Events are gathered: both left out. */
export function auditedWriteName(event: { readonly verb: string; readonly requestURI: string }): string | undefined {
  const path = event.requestURI.replace(/\?.*$/, '')
  const object = /\/namespaces\/[^/]+\/(.+)$/.exec(path)?.[1] ?? path
  return /^(?:leases|events)(?:\/|$)/.test(object) ? undefined : `${event.verb} ${object}`
}

/** The name of an exchange with the primary. */
export function exchangeName({ method, path }: Request): string {
  return `${method} ${path.replace(/^.*\/mc\/v1\//, '')}`
}

/** Numbers what bears the same name. */
export function stepsOf(channel: Channel, names: readonly string[]): readonly Step[] {
  const seen = new Map<string, number>()
  return names.map((name) => {
    const nth = (seen.get(name) ?? 0) + 1
    seen.set(name, nth)
    return { channel, name, nth }
  })
}

/** How a step is called in the name of a test. */
export function formatStep({ channel, name, nth }: Step): string {
  const place = channel === 'wire' ? '' : ` of the ${channel}`
  return `${name}${place}${nth === 1 ? '' : ` (${nth})`}`
}
