/** Requests to an API server, counted and taken down for another client to repeat. Read from its audit log; sends nothing. */
import type { Dispatcher } from 'undici'
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'

/** What another client sends: everything that differs from one join to the next is a name or a version. */
export interface RecordedRequest {
  readonly method: Dispatcher.HttpMethod
  /** With the query, and `{name}` where the cluster's name stood. */
  readonly path: string
  readonly contentType: string
  /** JSON, with `{name}` and `{resourceVersion}`; absent where there was none. */
  readonly body?: string
}

const methods: Readonly<Record<string, Dispatcher.HttpMethod>> = {
  get: 'GET',
  create: 'POST',
  update: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
}

/** What a role does by the clock and not for anybody who joins. */
const byTheClock = new Set(['leases', 'events'])

/** The requests for one cluster, in their order; `name` is that of the cluster. */
export function recordRequests(events: readonly AuditEvent[], name: string): readonly RecordedRequest[] {
  return events.filter(isForSomebody).map((event) => {
    const method = methods[event.verb]
    if (method === undefined) throw new Error(`a ${event.verb} cannot be repeated`)
    const request = {
      method,
      path: event.requestURI.replaceAll(name, '{name}'),
      contentType: event.verb === 'patch' ? 'application/merge-patch+json' : 'application/json',
    }
    if (event.requestObject === undefined) return request
    return { ...request, body: template(event.requestObject, name) }
  })
}

export function isWrite({ verb }: AuditEvent): boolean {
  return !['get', 'list', 'watch'].includes(verb)
}

/** Requests by verb and resource, for each of `share` clusters. */
export function requestsEach(
  events: readonly AuditEvent[],
  share: number,
): readonly { readonly request: string; readonly each: number }[] {
  const groups = Map.groupBy(events.filter(isAnswered), describe)
  return [...groups]
    .map(([request, all]) => ({ request, each: all.length / share }))
    .toSorted((a, b) => b.each - a.each || a.request.localeCompare(b.request))
}

/** `patch clusters/status`. */
function describe({ verb, resource, subresource }: AuditEvent): string {
  return `${verb} ${resource}${subresource === '' ? '' : `/${subresource}`}`
}

/** A watch is open for minutes; it is no request of anybody's join. */
function isAnswered({ verb }: AuditEvent): boolean {
  return verb !== 'watch'
}

function isForSomebody(event: AuditEvent): boolean {
  return isAnswered(event) && event.verb !== 'list' && !byTheClock.has(event.resource)
}

function template(body: unknown, name: string): string {
  return JSON.stringify(body, (key, value: unknown) =>
    key === 'resourceVersion' ? '{resourceVersion}' : value,
  ).replaceAll(name, '{name}')
}
