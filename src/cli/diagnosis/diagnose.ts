/** From everything that was seen of one cluster to the report on it: facts, findings, and what could not be read. Pure. */
import { kubectl } from '../command-line.ts'
import type { Targets } from './join-remedies.ts'
import type { Observation } from './observation.ts'
import { inUnits, judgeOperator, tolerableSkew } from './operator-rules.ts'
import { judgePrimary } from './primary-rules.ts'
import type { Finding, Report, Section } from './report.ts'
import { judgeSecondary } from './secondary-rules.ts'
import { sectionsOf } from './sections.ts'

/** What is wrong comes first; within that the operator before what it works on, because the rest may follow from it. */
export function diagnose(seen: Observation, targets: Targets): Report {
  const sections = sectionsOf(seen)
  const all = sections.length === 0 ? [nothingHere(seen, targets)] : [...sections.flatMap(judge), ...judgeClock(seen)]
  const findings = all.toSorted((a, b) => rank(a) - rank(b))
  return { healthy: findings.every(({ severity }) => severity === 'note'), sections, findings, unread: seen.unread }

  function judge({ role }: Section): readonly Finding[] {
    const operator = judgeOperator({ operator: seen[role].operator, target: targets.here, now: seen.now })
    const others = role === 'primary' ? judgePrimary({ seen, target: targets.here }) : judgeSecondary({ seen, targets })
    return operator === undefined ? others : [operator, ...others]
  }
}

function rank({ severity }: Finding): number {
  return severity === 'wrong' ? 0 : 1
}

/** It may be this machine's clock; then the ages that are printed are right all the same. */
function judgeClock({ skew }: Observation): readonly Finding[] {
  if (Math.abs(skew) < tolerableSkew) return []
  return [
    {
      severity: 'note',
      code: 'ClocksDiffer',
      what: `the clock of the API server is ${inUnits(Math.abs(skew))} ${skew > 0 ? 'behind' : 'ahead of'} that of this machine`,
      remedy: 'find out which of the two is right: certificates and the lifetime of tokens depend on it',
    },
  ]
}

function nothingHere({ primary, secondary }: Observation, { here }: Targets): Finding {
  return {
    severity: 'wrong',
    code: 'NotInstalled',
    what: `there is no trace of conjoin: no primary in ${primary.namespace}, no secondary in ${secondary.namespace}`,
    remedy: 'install the chart, or name the right namespaces; these are the deployments of conjoin on this cluster',
    next: {
      command: kubectl(here, 'get', 'deployments', '--all-namespaces', '-l', 'app.kubernetes.io/name=conjoin'),
    },
  }
}
