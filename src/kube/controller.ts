/**
 * Runs a reconcile function for every key that is queued: a number of workers, tries again after failures, and an end
 * that waits for running work. It watches nothing: whoever builds a controller maps changes to keys.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { ControllerMetrics } from '../lib/metrics.ts'
import { isConflict, KubeApiError } from './errors.ts'
import { formatKey, type ObjectKey, parseKey } from './objects.ts'
import { createWorkQueue } from './workqueue.ts'

/** What a reconcile that did not fail asks for. */
export type Outcome = { readonly kind: 'done' } | { readonly kind: 'again'; readonly afterMs: number }

/** Trying again cannot help: the key rests until its input changes. */
export class TerminalError extends Error {
  override readonly name = 'TerminalError'
}

export interface ReconcileContext {
  /** Bound to controller, object and reconcileId. */
  readonly log: Logger
  /** Aborted when a stop has waited long enough for running work. */
  readonly signal: AbortSignal
}

export interface Controller {
  enqueue(key: ObjectKey): void
  /** For what comes often and is not urgent: what else asks for this key meanwhile shares the reconcile. */
  enqueueAfter(key: ObjectKey, ms: number): void
  /** Works until aborted; resolves after running work has finished, at most 20 s later if that heeds its signal. */
  run(signal: AbortSignal): Promise<void>
}

export interface ControllerDeps {
  readonly name: string
  readonly workers: number
  readonly reconcile: (key: ObjectKey, context: ReconcileContext) => Promise<Outcome>
  /** The version in the cache when a reconcile starts; logged when it is handled. */
  readonly resourceVersion?: (key: ObjectKey) => string | undefined
  readonly metrics?: ControllerMetrics
  readonly clock: Clock
  readonly log: Logger
}

/** Part of the 30 s between SIGTERM and exit. */
const drainMs = 20_000

export function createController(deps: ControllerDeps): Controller {
  const { name, reconcile, clock } = deps
  const queue = createWorkQueue({ clock })
  deps.metrics?.queue(name, () => queue.size())

  async function work(key: string, signal: AbortSignal): Promise<void> {
    const object = parseKey(key)
    const log = deps.log.child({ controller: name, object: key, reconcileId: randomUUID() })
    const resourceVersion = deps.resourceVersion?.(object)
    const ended = deps.metrics?.reconcile(name)
    try {
      const outcome = await reconcile(object, { log, signal })
      ended?.(outcome.kind)
      queue.forget(key)
      if (outcome.kind === 'again') queue.addAfter(key, outcome.afterMs)
      // Also read by whoever must know that a version has been handled.
      log.debug({ resourceVersion, outcome: outcome.kind }, 'reconciled')
    } catch (err) {
      if (signal.aborted) return
      if (err instanceof TerminalError) {
        ended?.('terminal')
        queue.forget(key)
        log.error({ err, resourceVersion, outcome: 'terminal' }, 'reconcile failed')
        return
      }
      queue.addRateLimited(key, err instanceof KubeApiError ? err.retryAfterMs : undefined)
      const isRace = isConflict(err)
      ended?.(isRace ? 'conflict' : 'retry')
      // Two writers met; the next try reads what the other wrote.
      if (isRace) log.debug({ err, resourceVersion, outcome: 'retry' }, 'reconcile failed')
      else log.warn({ err, resourceVersion, outcome: 'retry' }, 'reconcile failed')
    }
  }

  async function worker(signal: AbortSignal): Promise<void> {
    for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
      await work(key, signal)
      queue.done(key)
    }
  }

  return {
    enqueue(key) {
      queue.add(formatKey(key))
    },
    enqueueAfter(key, ms) {
      queue.addAfter(formatKey(key), ms)
    },
    async run(signal) {
      const patience = new AbortController()
      let cancel: (() => void) | undefined
      const stop = () => {
        queue.shutDown()
        cancel = clock.after(drainMs, () => patience.abort(signal.reason))
      }
      if (signal.aborted) stop()
      else signal.addEventListener('abort', stop, { once: true })
      await Promise.all(Array.from({ length: deps.workers }, async () => worker(patience.signal)))
      cancel?.()
    },
  }
}
