/** What is wrong with the join and the membership of a secondary, and what to do about it. Pure. */
import { annotations } from '../../api/group.ts'
import { mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import { mcJoinName } from '../../api/mc-join.ts'
import { parseTimestamp } from '../../api/timestamp.ts'
import { kubectl } from '../command-line.ts'
import { newToken, nextStep, type Targets } from './join-remedies.ts'
import { isAbsent, type Observation, type StatusView, valueOf } from './observation.ts'
import type { Finding } from './report.ts'

export interface SecondaryCase {
  readonly seen: Observation
  readonly targets: Targets
}

type Rule = (fault: SecondaryCase) => readonly Finding[]

/** Each says its own; together they are what is wrong. */
const rules: readonly Rule[] = [
  foreignSecrets, // a Secret of the user's under our name stops everything behind it
  nothingAsked, // no mc-join and no membership: there is nothing to be wrong
  notLookedAt, // the status is about an older content, or about none
  joinStands, // Joining or Rejected: the message says why
  primarySilent, // a member whose heartbeats are not answered
  clusterInfoGone, // other programs read it
]

export function judgeSecondary(fault: SecondaryCase): readonly Finding[] {
  return rules.flatMap((rule) => rule(fault))
}

/** A message `<Code>: <what>; <what to do>`, in its parts; a text of another form is all of it what happened. */
function readMessage(msg: string): { readonly code: string; readonly what: string; readonly remedy: string } {
  const [, code = 'Unknown', what = msg, remedy = ''] = /^([A-Za-z]+): (.*?)(?:; (.*))?$/s.exec(msg) ?? []
  return { code, what, remedy }
}

/** Milliseconds: a heartbeat comes every 10 minutes at most, and is written down as seldom. */
const silentAfter = 30 * 60_000
/** A secondary looks at what is new within a second; this is far beyond. Milliseconds. */
const handledWithin = 15_000

/** What somebody has meant to be so. */
const meant = ['Left', 'PendingApproval']

function foreignSecrets({ seen, targets }: SecondaryCase): readonly Finding[] {
  const { namespace, foreign } = seen.secondary
  return foreign.map(({ name, because }) => {
    const [what = '', remedy = ''] = because.split('; ')
    const command = kubectl(targets.here, 'delete', 'secret', name, '-n', namespace)
    return { severity: 'wrong', role: 'secondary', code: 'SecretNotOurs', what, remedy, next: { command } }
  })
}

function nothingAsked({ seen, targets }: SecondaryCase): readonly Finding[] {
  const { join, identity, status, namespace } = seen.secondary
  if (!isAbsent(join) || valueOf(identity)?.membership !== undefined || valueOf(status) !== undefined) return []
  return [
    {
      severity: 'note',
      role: 'secondary',
      code: 'NotAsked',
      what: `there is no Secret ${mcJoinName} in the namespace ${namespace}: this cluster has not been asked to join`,
      remedy: 'make a join token on the primary and put it here',
      next: newToken({ seen, targets, msg: '' }),
    },
  ]
}

function notLookedAt({ seen, targets }: SecondaryCase): readonly Finding[] {
  const join = valueOf(seen.secondary.join)
  if (join === undefined || seen.secondary.status.kind === 'unread' || isAboutThis(seen)) return []
  const what = `the secondary has not looked at ${mcJoinName} as it is now`
  const isYoung = valueOf(seen.secondary.status) === undefined && seen.now - join.createdAt < handledWithin
  if (isYoung)
    return [{ severity: 'note', role: 'secondary', code: 'NotLookedAt', what, remedy: 'look again in a moment' }]
  return [
    {
      severity: 'wrong',
      role: 'secondary',
      code: 'NotLookedAt',
      what,
      remedy: 'see what it says of itself: it may not run, or may be disabled',
      next: {
        command: kubectl(targets.here, 'get', 'events.events.k8s.io', '-n', seen.secondary.namespace),
      },
    },
  ]
}

/** Whether the status is about the present content, or the content cannot be told. */
function isAboutThis({ secondary }: Observation): boolean {
  const join = valueOf(secondary.join)
  const status = valueOf(secondary.status)
  return status !== undefined && (join === undefined || status.hash === join.hash)
}

function joinStands({ seen, targets }: SecondaryCase): readonly Finding[] {
  const status = valueOf(seen.secondary.status)
  if (status === undefined || status.status === 'Joined') return []
  const { code, what, remedy } = readMessage(status.msg)
  const said = { role: 'secondary', code, what, remedy: remedy + triesOf(status) } as const
  if (code === 'InProgress') return [{ ...said, severity: 'note' }]
  const severity = meant.includes(code) ? 'note' : 'wrong'
  return [{ ...said, severity, next: nextStep(code, { seen, targets, msg: status.msg }) }]
}

function triesOf({ status, annotations: stored }: StatusView): string {
  const tries = stored[annotations.attempts]
  const next = stored[annotations.nextRetry]
  if (status !== 'Joining' || tries === undefined || next === undefined) return ''
  return ` (tried ${tries} times, again at ${next})`
}

function primarySilent({ seen, targets }: SecondaryCase): readonly Finding[] {
  const status = valueOf(seen.secondary.status)
  if (status?.status !== 'Joined') return []
  const error = status.annotations[annotations.contactError]
  const last = status.annotations[annotations.lastContact]
  if (error !== undefined) {
    const { code, what, remedy } = readMessage(error)
    const since = last === undefined ? '' : `; the primary last answered at ${last}`
    const next = nextStep(code, { seen, targets, msg: error })
    return [{ severity: 'wrong', role: 'secondary', code, what: what + since, remedy, next }]
  }
  const at = last === undefined ? undefined : parseTimestamp(last)
  if (at === undefined || seen.now - at < silentAfter) return []
  return [
    {
      severity: 'wrong',
      role: 'secondary',
      code: 'NoContact',
      what: `nothing has been written of the primary since ${last}`,
      remedy: 'see whether the secondary runs and may write',
      next: { command: kubectl(targets.here, 'get', 'events.events.k8s.io', '-n', seen.secondary.namespace) },
    },
  ]
}

function clusterInfoGone({ seen, targets }: SecondaryCase): readonly Finding[] {
  const { status, hasClusterInfo, namespace } = seen.secondary
  if (valueOf(status)?.status !== 'Joined' || valueOf(hasClusterInfo) !== false) return []
  return [
    {
      severity: 'wrong',
      role: 'secondary',
      code: 'ClusterInfoMissing',
      what: `this cluster is a member, and the Secret ${mcClusterInfoName} in ${namespace} is gone`,
      remedy: 'a running secondary restores it at once: see why this one does not',
      next: { command: kubectl(targets.here, 'get', 'events.events.k8s.io', '-n', namespace) },
    },
  ]
}
