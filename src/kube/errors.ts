/**
 * How a failed request to the Kubernetes API is told: one error class and the questions callers ask of it. Nothing of a
 * request's body enters an error; the server's own message does, cut to a sensible length.
 */

/** What a request was about, in the words of error messages. */
export interface RequestSubject {
  /** `get`, `list`, `watch`, `create`, `apply`, `patch`, `replace` or `delete`. */
  readonly verb: string
  /** Plural with group, as kubectl prints it: `secrets`, `leases.coordination.k8s.io`. */
  readonly resource: string
  /** `namespace/name`, or the namespace of a list. */
  readonly objectName?: string | undefined
}

export interface Failure {
  /** HTTP status; 0 where no answer came. */
  readonly status: number
  readonly reason: string
  readonly message: string
  readonly retryAfterMs?: number | undefined
  readonly fields?: readonly string[]
  readonly cause?: unknown
}

export class KubeApiError extends Error {
  readonly status: number
  /** The server's StatusReason; `NoSuchResource` where the kind is not served; a network error code at status 0. */
  readonly reason: string
  readonly verb: string
  readonly resource: string
  readonly objectName: string | undefined
  /** How long the server asks us to stay away, milliseconds; five minutes at most. */
  readonly retryAfterMs: number | undefined
  /** The fields that the server has named as the cause, like `.metadata.labels.region`; empty where it has named none. */
  readonly fields: readonly string[]

  constructor(subject: RequestSubject, failure: Failure) {
    const target = [subject.verb, subject.resource, subject.objectName].filter(Boolean).join(' ')
    super(
      `${target}: ${failure.status} ${failure.reason}: ${failure.message}`,
      failure.cause === undefined ? {} : { cause: failure.cause },
    )
    this.name = 'KubeApiError'
    this.status = failure.status
    this.reason = failure.reason
    this.verb = subject.verb
    this.resource = subject.resource
    this.objectName = subject.objectName
    this.retryAfterMs = failure.retryAfterMs
    this.fields = failure.fields ?? []
  }
}

/** The parts of a `meta/v1` Status that are read. */
interface Status {
  readonly kind?: unknown
  readonly reason?: unknown
  readonly message?: unknown
  readonly code?: unknown
  readonly details?: {
    readonly name?: unknown
    readonly retryAfterSeconds?: unknown
    readonly causes?: unknown
  } | null
}

const longestMessage = 1024
/** Whatever a server or a proxy asks for, nobody stays away longer than after many failures. Milliseconds. */
const longestRetryAfter = 300_000

/**
 * The error for an answer that is not a success. `body` is the text as it came: a Status, or whatever a proxy or an
 * unknown path gave (its text is left out then).
 */
export function errorFromAnswer(
  subject: RequestSubject,
  answer: { status: number; body: string; retryAfter?: string | undefined },
): KubeApiError {
  const status = parseStatus(answer.body)
  return new KubeApiError(subject, {
    status: answer.status,
    reason: reasonOf(answer.status, status),
    message: messageOf(status),
    retryAfterMs: retryAfter(answer.retryAfter, status),
    fields: fieldsOf(status),
  })
}

/** The error for a Status that arrives inside a watch instead of as an answer. */
export function errorFromWatchEvent(subject: RequestSubject, object: unknown): KubeApiError {
  const status = (object ?? {}) as Status
  const code = typeof status.code === 'number' ? status.code : 500
  return new KubeApiError(subject, { status: code, reason: reasonOf(code, status), message: messageOf(status) })
}

/** The error for a request that got no answer: refused, timed out, cut off. */
export function errorFromNetwork(subject: RequestSubject, cause: unknown): KubeApiError {
  const code = (cause as { code?: unknown } | undefined)?.code
  return new KubeApiError(subject, {
    status: 0,
    reason: typeof code === 'string' ? code : 'NetworkError',
    message: cause instanceof Error && cause.message !== '' ? cause.message : 'no answer',
    cause,
  })
}

/** Parses what the server sent; throws a `KubeApiError` that does not quote it, as `JSON.parse` does: it may be a Secret. */
export function parseAnswer(subject: RequestSubject, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new KubeApiError(subject, { status: 0, reason: 'NotJson', message: 'the answer is not JSON' })
  }
}

function parseStatus(body: string): Status | undefined {
  try {
    const value = JSON.parse(body) as Status | null
    return value?.kind === 'Status' ? value : undefined
  } catch {
    return undefined
  }
}

function reasonOf(code: number, status: Status | undefined): string {
  // A 404 that names no object is about the path: the kind is not served. Mistaking that for "the object is gone"
  // would make a missing CRD look like the deletion of everything.
  if (code === 404 && typeof status?.details?.name !== 'string') return 'NoSuchResource'
  return typeof status?.reason === 'string' && status.reason !== '' ? status.reason : 'Unknown'
}

function messageOf(status: Status | undefined): string {
  if (typeof status?.message !== 'string') return 'the answer is not a Kubernetes Status'
  return status.message.slice(0, longestMessage)
}

function fieldsOf(status: Status | undefined): readonly string[] {
  const causes: unknown = status?.details?.causes
  if (!Array.isArray(causes)) return []
  const fields = causes.map((cause: { readonly field?: unknown } | null) => cause?.field)
  return fields.filter((field) => typeof field === 'string')
}

function retryAfter(header: string | undefined, status: Status | undefined): number | undefined {
  // The API server sends whole seconds; the date form of RFC 9110 is not used by it.
  const seconds = Number(header ?? status?.details?.retryAfterSeconds)
  return seconds > 0 ? Math.min(seconds * 1000, longestRetryAfter) : undefined
}

/** The object does not exist; not true of a kind that is not served. */
export function isNotFound(error: unknown): error is KubeApiError {
  return hasReason(error, 'NotFound')
}

/** The object has changed since it was read, or another field manager owns what was applied. */
export function isConflict(error: unknown): error is KubeApiError {
  return hasReason(error, 'Conflict')
}

export function isAlreadyExists(error: unknown): error is KubeApiError {
  return hasReason(error, 'AlreadyExists')
}

export function isForbidden(error: unknown): error is KubeApiError {
  return hasReason(error, 'Forbidden')
}

function hasReason(error: unknown, reason: string): boolean {
  return error instanceof KubeApiError && error.reason === reason
}
