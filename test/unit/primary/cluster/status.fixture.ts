/** A Cluster as its status is decided: what is known of it by default, and what was heard. */
import assert from 'node:assert/strict'
import type { Cluster } from '../../../../src/api/cluster.ts'
import type { Contact } from '../../../../src/primary/cluster/health.decide.ts'
import type { StatusDecision, StatusObservation } from '../../../../src/primary/cluster/status.decide.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

export const interval = 20_000
export const minute = 60_000

export function observed(subject: Cluster, fields: Partial<StatusObservation> = {}): StatusObservation {
  return {
    cluster: subject,
    own: { uid: 'uid-primary', versions: { operator: '1.0.0', kubernetes: 'v1.36.3' } },
    contact: undefined,
    interval,
    told: interval,
    listening: 60 * minute,
    now: noon + minute,
    waitsFor: [],
    outage: { kind: 'none' },
    ...fields,
  }
}

export function heard(age: number, health = 'ok', gap = interval): Contact {
  const versions = { operator: '0.9.0', kubernetes: 'v1.35.0' }
  return { at: noon + minute - age, age, gap, heartbeat: { versions, health } }
}

/** `Type=Status/Reason` of each condition. */
export function verdicts(decision: StatusDecision): readonly string[] {
  assert.equal(decision.kind, 'status')
  if (decision.kind !== 'status') return []
  return decision.conditions.map(({ type, status, reason }) => `${type}=${status}/${reason}`)
}

export const condition = (type: string, status: 'True' | 'False' | 'Unknown', reason: string) => ({
  type,
  status,
  reason,
  message: `stored ${reason}`,
  lastTransitionTime: at(noon),
})
export const joined = cluster('east', { spec: { member: member() } })
/** For longer than any silence that is judged here. */
export const confirmed: Cluster = {
  ...cluster('east', { spec: { member: member({ since: at(noon - 60 * minute) }) } }),
  status: { conditions: [condition('Joined', 'True', 'Joined'), condition('Healthy', 'True', 'Heartbeat')] },
}
