/**
 * What the API server was asked, by its own record. Owns the audit policy and the reading of the log; a test uses it to
 * prove that something was written once, or not at all.
 */
import { open, stat } from 'node:fs/promises'
import { stringify } from 'yaml'

export interface AuditEvent {
  readonly auditID: string
  /** `ResponseComplete`, or `ResponseStarted` for a watch that goes on. */
  readonly stage: string
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`. */
  readonly verb: string
  readonly user: string
  readonly requestURI: string
  /** Empty for the core group and for requests that are not about an object. */
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  readonly responseCode: number
  /** When the server had the request, and when it reached this stage; milliseconds since the epoch, to the microsecond. */
  readonly receivedAt: number
  readonly endedAt: number
  /** The body of the request; recorded for resources of `dist.kio.kasten.io` only, never for Secrets. */
  readonly requestObject?: unknown
}

const writingVerbs: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection'])

/** The policy for `--audit-policy-file`, as YAML. */
export function auditPolicy(): string {
  return stringify({
    apiVersion: 'audit.k8s.io/v1',
    kind: 'Policy',
    omitStages: ['RequestReceived'],
    rules: [
      { level: 'Request', resources: [{ group: 'dist.kio.kasten.io' }] },
      // The rest without bodies: Secrets must not end up in a log.
      { level: 'Metadata' },
    ],
  })
}

/**
 * The log of one API server. The server writes a record before it completes its answer, so whoever has seen the answer
 * finds the record.
 */
export class AuditLog {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Where the log ends now, in bytes: what happens later is `since` this mark. */
  async mark(): Promise<number> {
    return (await stat(this.path)).size
  }

  /** All records after the mark, in the order of their completion. */
  async since(mark: number): Promise<AuditEvent[]> {
    const text = await this.#read(mark)
    // What follows the last line break is a record that is being written.
    const lines = text.split('\n').slice(0, -1)
    return lines.flatMap(parseLine)
  }

  /** The records after the mark that ask for a change, also those that were refused; of one user when given. */
  async writesSince(mark: number, filter: { user?: string } = {}): Promise<AuditEvent[]> {
    const events = await this.since(mark)
    return events.filter(
      (event) => writingVerbs.has(event.verb) && (filter.user === undefined || event.user === filter.user),
    )
  }

  async #read(mark: number): Promise<string> {
    const file = await open(this.path)
    try {
      const { size } = await file.stat()
      const bytes = Buffer.alloc(Math.max(0, size - mark))
      const { bytesRead } = await file.read(bytes, 0, bytes.length, mark)
      return bytes.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  }
}

/** The fields of audit.k8s.io/v1 Event that are read here. */
interface StoredEvent {
  readonly auditID: string
  readonly stage: string
  readonly verb: string
  readonly requestURI: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource?: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code?: number }
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly requestObject?: unknown
}

/** What every record begins with. */
const recordStart = '{"kind":"Event","apiVersion":"audit.k8s.io/'

/**
 * The record of one line. A server killed in the middle of a record leaves a part of it, to which its successor appends
 * the next one; and a mark set in the middle of a record leaves its tail, which happened before the mark.
 */
function parseLine(line: string): AuditEvent[] {
  const start = line.lastIndexOf(recordStart)
  return start === -1 ? [] : [toAuditEvent(JSON.parse(line.slice(start)) as StoredEvent)]
}

function toAuditEvent(stored: StoredEvent): AuditEvent {
  const { auditID, stage, verb, requestURI, objectRef = {} } = stored
  return {
    auditID,
    stage,
    verb,
    user: stored.user.username,
    requestURI,
    group: objectRef.apiGroup ?? '',
    resource: objectRef.resource ?? '',
    subresource: objectRef.subresource ?? '',
    namespace: objectRef.namespace ?? '',
    name: objectRef.name ?? '',
    responseCode: stored.responseStatus?.code ?? 0,
    receivedAt: milliseconds(stored.requestReceivedTimestamp),
    endedAt: milliseconds(stored.stageTimestamp),
    ...('requestObject' in stored ? { requestObject: stored.requestObject } : {}),
  }
}

/** Of a MicroTime: always UTC, with six digits, of which `Date` reads three. */
function milliseconds(microTime: string): number {
  const [seconds = '', fraction = ''] = microTime.split('.')
  return Date.parse(`${seconds}Z`) + Number.parseInt(fraction, 10) / 1000
}
