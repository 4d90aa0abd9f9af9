/**
 * The way of one replica to its API server: it can be cut, and tells when a request is under way and what a watch has shown.
 * Leases are answered in memory.
 */

import { KubeApiError } from '../../../src/kube/errors.ts'
import type { KubeObject } from '../../../src/kube/objects.ts'
import type { KubeRequest, KubeTransport } from '../../../src/kube/transport.ts'
import { tombstonesName } from '../../../src/primary/cluster/tombstones.ts'
import { createKeptWatches } from './kept-watches.ts'
import { leases } from './leases.ts'
import type { Rest } from './rest.ts'
import type { WallClock } from './time.ts'

export interface ApiWay extends KubeTransport {
  /** While it is cut nothing passes, and what is under way fails. */
  cut(isCut: boolean): void
}

export interface ApiWayDeps {
  readonly transport: KubeTransport
  readonly answerLease: (request: KubeRequest) => unknown
  readonly rest: Rest
  readonly clock: WallClock
}

/** What is followed: the answers to these verbs are objects as they were stored. */
const writing = new Set(['create', 'apply', 'patch', 'replace'])
const followed = new Set(['clusters.dist.kio.kasten.io', 'configmaps'])

export function createApiWay({ transport, answerLease, rest, clock }: ApiWayDeps): ApiWay {
  let cutting = new AbortController()
  const watch = createKeptWatches(async (request) => transport.stream(passing(request)), clock)

  function passing(request: KubeRequest): KubeRequest {
    cutting.signal.throwIfAborted()
    const signals = [cutting.signal, request.signal].filter((signal) => signal !== undefined)
    return { ...request, signal: AbortSignal.any(signals) }
  }

  function note({ subject: { verb, resource } }: KubeRequest, answer: unknown): void {
    if (!followed.has(resource)) return
    const { metadata } = answer as KubeObject
    if (writing.has(verb)) rest.written(`${resource} ${metadata.name}`, Number(metadata.resourceVersion))
  }

  return {
    async request(request) {
      if (request.subject.resource === leases) {
        cutting.signal.throwIfAborted()
        return answerLease(request)
      }
      const passed = passing(request)
      const answer = await rest.during(transport.request(passed))
      note(request, answer)
      return answer
    },
    async stream(request) {
      cutting.signal.throwIfAborted()
      const lines = await rest.during(watch(request))
      const { resource } = request.subject
      if (!followed.has(resource)) return lines
      return shownLines(lines, resource, rest, showsOf(request))
    },
    close: async () => transport.close(),
    cut(isCut) {
      if (isCut === cutting.signal.aborted) return
      if (isCut) cutting.abort(new KubeApiError({ verb: 'reach', resource: 'the API server' }, unreachable))
      else cutting = new AbortController()
    },
  }
}

const unreachable = { status: 0, reason: 'ECONNREFUSED', message: 'the way is cut' }

/** Some ConfigMaps have a watch of their own, tombstones among them; those that replicas tell each other share one. */
function showsOf({ path, subject: { resource } }: KubeRequest): (name: string) => boolean {
  const tombstones = `configmaps ${tombstonesName}`
  const selected = new URL(path, 'https://api').searchParams.get('fieldSelector')
  if (selected !== null) return (name) => name === selected.replace('metadata.name=', `${resource} `)
  return (name) => name.startsWith(`${resource} `) && name !== tombstones
}

/** What has been taken in: a line has been when the next one is asked for. */
async function* shownLines(
  lines: AsyncIterable<string>,
  resource: string,
  rest: Rest,
  shows: (name: string) => boolean,
): AsyncIterable<string> {
  const watch = rest.watch(shows)
  try {
    for await (const line of lines) {
      yield line
      const { type, object } = JSON.parse(line) as { type: string; object: KubeObject }
      const name = `${resource} ${object.metadata.name}`
      if (type !== 'BOOKMARK') watch.shown(name, Number(object.metadata.resourceVersion))
    }
  } finally {
    watch.close()
  }
}
