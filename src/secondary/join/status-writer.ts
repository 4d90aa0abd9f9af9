/** Records statements in `mc-join-status`, once where nothing changes, and tells the operator's log what is new. */
import type { Dialect } from '../../api/mc-join.ts'
import { mcJoinStatusName } from '../../api/mc-join-status.ts'
import type { StoredMembership } from '../../api/membership.ts'
import type { Reason } from '../../api/reasons.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import type { ObjectStore } from '../objects.ts'
import { codeOf, readStatus, type Statement, type StoredStatus, statusToWrite } from './status.ts'

/** One pass over the objects records into this. */
export interface StatusWriter {
  /** As stored now. */
  readonly stored: () => StoredStatus | undefined
  record(statement: Statement, annotations?: Readonly<Record<string, string>>): Promise<void>
  /** The same for a cluster that has become a member in this pass. */
  ofMember(member: StoredMembership): StatusWriter
}

export interface StatusWriterDeps {
  readonly objects: ObjectStore
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Logger
}

/** `join` is what Events are about, where it exists. */
export function createStatusWriter(
  deps: StatusWriterDeps,
  read: {
    status: Secret | undefined
    join: Secret | undefined
    dialect: Dialect
    member: StoredMembership | undefined
  },
): StatusWriter {
  let secret = read.status

  return {
    stored: () => readStatus(secret),
    async record(statement, annotations = {}) {
      const stored = readStatus(secret)
      const next = { statement, annotations, dialect: read.dialect }
      const write = statusToWrite(stored, next, deps.clock.now())
      if (write === undefined) return
      const isNews =
        stored?.status !== statement.status || stored.msg !== statement.msg || stored.hash !== statement.hash
      secret = await deps.objects.write(mcJoinStatusName, write)
      if (isNews) tell(deps, read, statement)
    },
    ofMember: (member) => createStatusWriter(deps, { ...read, status: secret, member }),
  }
}

function tell(
  { events, log }: StatusWriterDeps,
  { join, member }: { join: Secret | undefined; member: StoredMembership | undefined },
  { status, msg }: Statement,
): void {
  const fields = { code: codeOf(msg), reason: msg, cluster: member?.clusterName, primary: member?.primaryName }
  const record = (type: 'Normal' | 'Warning', reason: Reason, note: string) => {
    if (join !== undefined) events.record({ regarding: join, type, reason, note })
  }
  switch (status) {
    case 'Joining':
      log.info(fields, 'joining')
      return
    case 'Joined':
      log.info({ ...fields, endpoint: member?.endpoint }, 'joined')
      record('Normal', 'Joined', msg === '' ? 'This cluster has joined the primary.' : msg)
      return
    case 'Rejected':
      log.info(fields, 'rejected')
      if (codeOf(msg) === 'Left') record('Normal', 'Left', msg)
      else record('Warning', 'Rejected', msg)
  }
}
