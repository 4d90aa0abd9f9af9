/**
 * Records Events (events.k8s.io/v1) for people to read: repeats are counted in one object, floods are cut, and no
 * failure here ever fails the work that is reported. It keeps what it counts in memory only.
 */
import { randomBytes } from 'node:crypto'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Logger } from '../lib/logger.ts'
import type { KubeClient } from './client.ts'
import { eventKind, formatKey, type KubeEvent, type KubeObject, keyOf, microTime, type ObjectKey } from './objects.ts'

export interface EventInput {
  readonly regarding: KubeObject
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly note: string
  /** What was being done; the reason again where nothing is given. */
  readonly action?: string
  /** Its writer bounds how many there are: it is never cut, and takes no place from the others about its object. */
  readonly isPaced?: boolean
}

export interface EventRecorder {
  /** Returns at once; the Event is written behind the caller's back. */
  record(event: EventInput): void
  /** Resolves when everything recorded has been written or given up. */
  flush(): Promise<void>
}

export interface EventRecorderDeps {
  readonly client: Pick<KubeClient, 'create' | 'mergePatch'>
  /** Name of the reporting controller, like `example.com/operator`. */
  readonly controller: string
  /** Name of the process, like a pod's name. */
  readonly instance: string
  readonly clock: Clock
  readonly log: Logger
}

/** The API server counts bytes and refuses more. */
const longestNote = 1024
/** A repeat within this time is counted, a later one is a new Event. Milliseconds. */
const seriesMs = 600_000
/** How often a count is written at most. Milliseconds. */
const countEveryMs = 60_000
/** Different Events about one object in ten minutes, but for paced ones; more than these tell a person nothing. */
const perObject = 25
/** What is remembered at most; beyond it the oldest Event would not be counted further. */
const remembered = 4096

/** One Event object and how often it has happened. */
interface Series {
  readonly id: string
  readonly key: ObjectKey
  /** The object it is about. */
  readonly about: string
  readonly isPaced: boolean
  lastAt: number
  lastObservedTime: string
  count: number
  written: number
  cancelCount?: Cancel | undefined
  /** Writes of one series follow each other. */
  tail: Promise<void>
}

export function createEventRecorder(deps: EventRecorderDeps): EventRecorder {
  const { client, clock, log } = deps
  const fieldManager = deps.controller
  /** By id; the one longest without a repeat first. */
  const known = new Map<string, Series>()
  /** Without the paced ones. */
  const knownAbout = new Map<string, number>()
  const writing = new Set<Promise<void>>()

  function remember(series: Series): void {
    known.set(series.id, series)
    if (series.isPaced) return
    knownAbout.set(series.about, (knownAbout.get(series.about) ?? 0) + 1)
  }

  function forget(series: Series): void {
    if (!known.delete(series.id) || series.isPaced) return
    const left = (knownAbout.get(series.about) ?? 0) - 1
    if (left > 0) knownAbout.set(series.about, left)
    else knownAbout.delete(series.about)
  }

  function forgetOld(): void {
    const now = clock.monotonic()
    for (const series of known.values()) {
      if (now - series.lastAt < seriesMs && known.size < remembered) return
      writeCount(series)
      forget(series)
    }
  }

  function write(series: Series, request: () => Promise<unknown>): void {
    const written = series.tail.then(request).then(
      () => undefined,
      (err: unknown) => {
        // It may not exist: the next time is a new Event.
        forget(series)
        log.debug({ err }, 'could not write an Event')
      },
    )
    series.tail = written
    writing.add(written)
    void written.then(() => writing.delete(written))
  }

  function writeCount(series: Series): void {
    series.cancelCount?.()
    series.cancelCount = undefined
    if (series.count === series.written) return
    series.written = series.count
    const patch = { series: { count: series.count, lastObservedTime: series.lastObservedTime } }
    write(series, async () => client.mergePatch(eventKind, series.key, patch, { fieldManager }))
  }

  function repeat(series: Series): void {
    series.count += 1
    series.lastAt = clock.monotonic()
    series.lastObservedTime = microTime(clock.now())
    forget(series)
    remember(series)
    series.cancelCount ??= clock.after(countEveryMs, () => writeCount(series))
  }

  function begin(id: string, about: string, event: EventInput): void {
    const object = eventObject(deps, event)
    const series: Series = {
      id,
      key: keyOf(object),
      about,
      isPaced: event.isPaced === true,
      lastAt: clock.monotonic(),
      lastObservedTime: object.eventTime,
      count: 1,
      written: 1,
      tail: Promise.resolve(),
    }
    remember(series)
    write(series, async () => client.create(eventKind, object, { fieldManager }))
  }

  return {
    record(event) {
      forgetOld()
      const about = event.regarding.metadata.uid ?? formatKey(keyOf(event.regarding))
      const id = JSON.stringify([about, event.type, event.reason, event.note])
      const series = known.get(id)
      if (series !== undefined) repeat(series)
      else if (event.isPaced === true || (knownAbout.get(about) ?? 0) < perObject) begin(id, about, event)
      else log.debug({ reason: event.reason, object: about }, 'too many Events about one object')
    },
    async flush() {
      for (const series of known.values()) writeCount(series)
      await Promise.all(writing)
    },
  }
}

function eventObject(deps: EventRecorderDeps, event: EventInput): KubeEvent {
  const { apiVersion, kind, metadata } = event.regarding
  const { name, namespace, uid } = metadata
  return {
    metadata: {
      // Room for the suffix in a name of at most 253 characters.
      name: `${name.slice(0, 230).replace(/[.-]+$/, '')}.${randomBytes(8).toString('hex')}`,
      // Events about objects without a namespace live in this one.
      namespace: namespace ?? 'default',
    },
    type: event.type,
    reason: event.reason,
    action: event.action ?? event.reason,
    note: cutToBytes(event.note, longestNote),
    eventTime: microTime(deps.clock.now()),
    reportingController: deps.controller,
    reportingInstance: deps.instance,
    regarding: { apiVersion, kind, namespace, name, uid },
  }
}

/** At most so many bytes of UTF-8, whole characters only, with an ellipsis where something is missing. */
function cutToBytes(text: string, limit: number): string {
  const bytes = Buffer.from(text)
  if (bytes.length <= limit) return text
  return `${new TextDecoder().decode(bytes.subarray(0, limit - 3), { stream: true })}…`
}
