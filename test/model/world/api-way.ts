/**
 * The way from one process to its API server: every request and every answer arrives in a step of its own, some never.
 * What the server makes of a request is the server's business.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { errorFromAnswer, errorFromNetwork, type RequestSubject } from '../../../src/kube/errors.ts'
import type { KubeRequest, KubeTransport } from '../../../src/kube/transport.ts'
import { type Change, watchLine } from '../../support/memory-api/changes.ts'
import { readTarget } from '../../support/memory-api/paths.ts'
import type { ApiAnswer, MemoryApiServer } from '../../support/memory-api/server.ts'
import type { Chance } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'

/** `unseen`: it never arrives. `unanswered`: it takes effect, and nobody hears. `refused`: the server has a fault. */
export type ApiFault = 'unseen' | 'unanswered' | 'refused'

/** The request of the protocol that a process is working on, where there is one. */
export interface Occasion {
  readonly path: string
  readonly body: string
  /** The version of the primary's API server when it arrived. */
  readonly since: number
  /** Whether whoever sent it can prove nothing. */
  readonly isProofless: boolean
}

export const occasion = new AsyncLocalStorage<Occasion>()

export interface ApiWayDeps {
  readonly server: MemoryApiServer
  readonly owner: Process
  readonly scheduler: Scheduler
  readonly chance: () => Chance
  /** What happens to the next request. */
  readonly faultFor: (owner: Process) => ApiFault | undefined
  /** Whether its caches of this kind hear nothing now. */
  readonly isHeld: (plural: string) => boolean
  /** Runs a request whose answer is wanted; `during` is what the process was working on. */
  readonly handle: (request: KubeRequest, during: Occasion | undefined) => ApiAnswer
}

export interface ApiWay extends KubeTransport {
  /** Ends every watch. */
  cutWatches(): void
  /** What has been held is heard. */
  hear(): void
}

interface Watch {
  push(change: Change): void
  pump(): void
  end(error?: Error): void
}

export function createApiWay(deps: ApiWayDeps): ApiWay {
  const { server, owner, scheduler, chance } = deps
  const watches = new Set<Watch>()
  const unsubscribe = server.onChange((change) => {
    for (const watch of watches) watch.push(change)
  })
  const listening = new Set<() => void>()

  /** Gives what ends it. Whatever a dead process listens to ends with its way: Node keeps a signal that is listened to. */
  function onAbort(signal: AbortSignal | undefined, run: () => void): () => void {
    const end = () => {
      signal?.removeEventListener('abort', run)
      listening.delete(end)
    }
    signal?.addEventListener('abort', run)
    listening.add(end)
    return end
  }

  async function arrive<T>(request: KubeRequest, serve: () => T): Promise<T> {
    const { subject, signal } = request
    const fault = deps.faultFor(owner)
    const result = Promise.withResolvers<T>()
    if (signal?.aborted) throw signal.reason as Error
    const endListening = onAbort(signal, () => result.reject(signal?.reason))
    const fail = () => result.reject(errorFromNetwork(subject, new Error('the model lost it')))
    scheduler.add(undefined, () => {
      // What a process sent before it died is under way.
      const isLost = !owner.isAlive && chance().happens(0.5)
      if (isLost || fault === 'unseen') return scheduler.add(owner, fail)
      if (fault === 'refused') return scheduler.add(owner, () => result.reject(refusedBy(subject)))
      const served = attempt(serve)
      scheduler.add(owner, () => {
        if (fault === 'unanswered') fail()
        else if (served.ok) result.resolve(served.value)
        else result.reject(served.error)
      })
    })
    return result.promise.finally(endListening)
  }

  function openWatch(request: KubeRequest): AsyncIterable<string> {
    const target = readTarget(request.path)
    const arrived: string[] = []
    const underWay: string[] = []
    let isMoving = false
    let ended: { readonly error: Error | undefined } | undefined
    let waiting: PromiseWithResolvers<IteratorResult<string>> | undefined

    const watch: Watch = {
      push(change) {
        const line = watchLine(target, change)
        if (line !== undefined) underWay.push(line)
        watch.pump()
      },
      pump() {
        if (isMoving || underWay.length === 0 || deps.isHeld(target.plural)) return
        isMoving = true
        scheduler.add(owner, () => {
          isMoving = false
          arrived.push(...underWay.splice(0, 1))
          give()
          watch.pump()
        })
      },
      end(error) {
        ended ??= { error }
        endListening()
        watches.delete(watch)
        give()
      },
    }

    function give(): void {
      const asker = waiting
      if (asker === undefined) return
      waiting = undefined
      const line = arrived.shift()
      if (line !== undefined) asker.resolve({ done: false, value: line })
      else if (ended === undefined) waiting = asker
      else if (ended.error === undefined) asker.resolve({ done: true, value: undefined })
      else asker.reject(ended.error)
    }

    watches.add(watch)
    const endListening = onAbort(request.signal, () => watch.end(request.signal?.reason as Error))
    const since = Number(target.query.get('resourceVersion'))
    for (const change of server.changes) if (change.version > since) watch.push(change)
    return {
      [Symbol.asyncIterator]: () => ({
        async next() {
          waiting = Promise.withResolvers()
          const { promise } = waiting
          give()
          return promise
        },
        async return() {
          watch.end()
          return { done: true, value: undefined }
        },
      }),
    }
  }

  return {
    async request(request) {
      const during = occasion.getStore()
      const answer = await arrive(request, () => deps.handle(request, during))
      return bodyOf(request.subject, answer)
    },
    stream: async (request) => arrive(request, () => openWatch(request)),
    async close() {
      unsubscribe()
      for (const end of listening) end()
    },
    cutWatches() {
      for (const watch of watches) watch.end()
    },
    hear() {
      for (const watch of watches) watch.pump()
    },
  }
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }

function attempt<T>(work: () => T): Attempt<T> {
  try {
    return { ok: true, value: work() }
  } catch (error) {
    return { ok: false, error }
  }
}

function bodyOf(subject: RequestSubject, { status, body }: ApiAnswer): unknown {
  if (status < 300) return body
  throw errorFromAnswer(subject, { status, body: JSON.stringify(body) })
}

function refusedBy(subject: RequestSubject): Error {
  const body = { kind: 'Status', reason: 'InternalError', message: 'the model says so' }
  return errorFromAnswer(subject, { status: 500, body: JSON.stringify(body) })
}
