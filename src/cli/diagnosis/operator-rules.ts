/**
 * Whether the program itself works in its role: installed, enabled, allowed, running, with a right clock. Pure; the
 * first answer is given alone, because the others follow from it.
 */
import { formatTimestamp } from '../../api/timestamp.ts'
import { andThen, kubectl, type Target } from '../command-line.ts'
import { grant, inWords } from './missing-right.ts'
import { isAbsent, type LeaseView, type OperatorView, valueOf } from './observation.ts'
import type { Finding } from './report.ts'

export interface OperatorCase {
  readonly operator: OperatorView
  readonly target: Target
  /** By the clock of the API server, ms since the epoch. */
  readonly now: number
}

type Rule = (seen: OperatorCase) => Finding | undefined

/** First match wins. */
const rules: readonly Rule[] = [
  isNotInstalled, // without a service account nothing else can be asked
  isDisabled, // it is meant to do nothing: no lease and no status then are no fault of their own
  isScaledToNothing, // likewise
  lacksRights, // a process that may not work cannot become ready, or does not get the lease
  hasNoReadyPod, // a pod that does not start leaves an old lease behind
  holdsNoLease, // it starts, and somebody else or nobody works
  clockIsOff, // it works, and what it writes about time is wrong
]

export function judgeOperator(seen: OperatorCase): Finding | undefined {
  for (const rule of rules) {
    const finding = rule(seen)
    if (finding !== undefined) return finding
  }
  return undefined
}

/** What clocks may differ by before anybody needs to know, milliseconds. */
export const tolerableSkew = 60_000

/** Whether somebody holds the lease and works. */
export function isHeld({ holder, isRenewed }: LeaseView): boolean {
  return holder !== '' && isRenewed
}

function isNotInstalled({ operator, target }: OperatorCase): Finding | undefined {
  const { role, namespace, deployment, account, lease } = operator
  const isThere = !isAbsent(deployment) || valueOf(account.exists) !== false || !isAbsent(lease)
  if (isThere) return undefined
  return {
    severity: 'wrong',
    role,
    code: 'NotInstalled',
    what: `no conjoin ${role} is installed in the namespace ${namespace}`,
    remedy: `install the chart there with ${role}.enabled=true, or name the right namespace to this command; these are the deployments of conjoin`,
    next: {
      command: kubectl(
        target,
        'get',
        'deployments',
        '--all-namespaces',
        '--selector',
        'app.kubernetes.io/name=conjoin',
      ),
    },
  }
}

function isDisabled({ operator, target }: OperatorCase): Finding | undefined {
  const deployment = valueOf(operator.deployment)
  if (deployment === undefined || !deployment.isDisabled) return undefined
  const { role, namespace } = operator
  const { name, disabledArgument: at } = deployment
  const patch = [
    {
      op: 'replace',
      path: `/spec/template/spec/containers/${at?.container}/args/${at?.index}`,
      value: '--multicluster=true',
    },
  ]
  const command =
    at === undefined
      ? kubectl(target, 'set', 'env', `deployment/${name}`, 'CONJOIN_MULTICLUSTER=true', '-n', namespace)
      : kubectl(target, 'patch', 'deployment', name, '-n', namespace, '--type', 'json', '-p', JSON.stringify(patch))
  return {
    severity: 'wrong',
    role,
    code: 'Disabled',
    what: `multi-cluster is disabled in the deployment ${name}: the ${role} runs and does nothing`,
    remedy: 'set multicluster.enabled=true in the values of the chart, or enable it until the next upgrade',
    next: { command },
  }
}

function isScaledToNothing({ operator, target }: OperatorCase): Finding | undefined {
  const deployment = valueOf(operator.deployment)
  if (deployment === undefined || deployment.replicas > 0) return undefined
  const { role, namespace } = operator
  return {
    severity: 'wrong',
    role,
    code: 'ScaledToZero',
    what: `the deployment ${deployment.name} has no replicas`,
    remedy: 'give it one',
    next: { command: kubectl(target, 'scale', `deployment/${deployment.name}`, '--replicas', '1', '-n', namespace) },
  }
}

function lacksRights({ operator, target }: OperatorCase): Finding | undefined {
  const [first, ...more] = valueOf(operator.missingRights) ?? []
  if (first === undefined) return undefined
  const { role, account, namespace } = operator
  const others = more.length === 0 ? '' : `, and ${more.length} more`
  return {
    severity: 'wrong',
    role,
    code: 'MissingRight',
    what: `the service account ${account.name} in ${namespace} may not ${inWords(first)}${others}`,
    remedy: 'upgrade the release with the chart, which grants it, or grant it by hand',
    next: {
      command: andThen(
        ...[first, ...more].map((right, index) =>
          grant(right, `${account.name}-granted-${index + 1}`, { account: `${namespace}:${account.name}`, target }),
        ),
      ),
    },
  }
}

function hasNoReadyPod({ operator, target }: OperatorCase): Finding | undefined {
  const deployment = valueOf(operator.deployment)
  if (deployment === undefined || deployment.ready > 0) return undefined
  const { role, namespace } = operator
  return {
    severity: 'wrong',
    role,
    code: 'NotReady',
    what: `no pod of the deployment ${deployment.name} is ready`,
    remedy: 'see why in the events of its pods',
    next: { command: describePods(operator, target, namespace) },
  }
}

function holdsNoLease({ operator, target }: OperatorCase): Finding | undefined {
  const { role, namespace, lease: reading } = operator
  if (reading.kind === 'unread') return undefined
  const lease = reading.value
  if (lease !== undefined && isHeld(lease)) return undefined
  const what =
    lease === undefined
      ? `no conjoin ${role} has ever worked in the namespace ${namespace}`
      : `no conjoin ${role} works in the namespace ${namespace}; the last one was heard of at ${formatTimestamp(lease.renewedAt)}`
  return {
    severity: 'wrong',
    role,
    code: 'NotRunning',
    what,
    remedy: 'see that it runs, and that it is not disabled: with --multicluster=false it does nothing',
    next: { command: describePods(operator, target, namespace) },
  }
}

function clockIsOff({ operator, target, now }: OperatorCase): Finding | undefined {
  const { role, namespace } = operator
  const lease = valueOf(operator.lease)
  if (lease === undefined || !isHeld(lease)) return undefined
  const skew = lease.renewedAt - now
  if (Math.abs(skew) < tolerableSkew) return undefined
  const direction = skew > 0 ? 'ahead of' : 'behind'
  return {
    severity: 'wrong',
    role,
    code: 'ClockOff',
    what: `the clock of the conjoin ${role} (${lease.holder}) is ${inUnits(Math.abs(skew))} ${direction} that of the API server`,
    remedy:
      role === 'primary'
        ? 'the lifetime of join tokens is judged by this clock; set the clock of the node that the pod runs on'
        : 'certificates are judged by this clock; set the clock of the node that the pod runs on',
    next: { command: kubectl(target, 'get', 'pods', '-n', namespace, '-o', 'wide') },
  }
}

function describePods({ role }: OperatorView, target: Target, namespace: string): string {
  const selector = `app.kubernetes.io/name=conjoin,app.kubernetes.io/component=${role}`
  return kubectl(target, 'describe', 'pods', '-n', namespace, '--selector', selector)
}

/** The largest whole unit: nobody sets a clock by this. */
export function inUnits(ms: number): string {
  const units = [
    ['days', 86_400_000],
    ['hours', 3_600_000],
    ['minutes', 60_000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= 2 * size) ?? ['minutes', 60_000]
  return `${Math.round(ms / size)} ${unit}`
}
