/**
 * Counts what the services of the primary answer and what its limits turn away, and tells what it knows of its clusters.
 * Wrapped around them at composition; it changes no answer.
 */
import type { Cluster } from '../api/cluster.ts'
import { clusterConditions } from '../api/conditions.ts'
import { KubeApiError } from '../kube/errors.ts'
import type { ConfigMap } from '../kube/objects.ts'
import type { Ask, Limit, PrimaryMetrics, PrimaryState } from '../lib/metrics.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { Answer } from './answer.ts'
import { storedOutage } from './cluster/outage.ts'
import type { HeartbeatService } from './heartbeat/heartbeat-service.ts'
import type { AdmissionJournal } from './join/admission-journal.ts'
import type { JoinService } from './join/join-service.ts'
import type { LeaveService } from './leave/leave-service.ts'
import type { Buckets } from './load/buckets.ts'
import type { Gate } from './load/gate.ts'
import type { RekeyService } from './rekey/rekey-service.ts'

type Services = {
  readonly joins: JoinService
  readonly heartbeats: HeartbeatService
  readonly rekeys: RekeyService
  readonly leaves: LeaveService
}

export function countAnswers({ joins, heartbeats, rekeys, leaves }: Services, metrics: PrimaryMetrics): Services {
  const counted = async (ask: Ask, service: () => Promise<Answer>): Promise<Answer> => {
    const ended = metrics.asked(ask)
    try {
      const answer = await service()
      ended(answer.says ?? ('code' in answer.body ? answer.body.code : 'ok'))
      return answer
    } catch (error) {
      ended(codeOf(error))
      throw error
    }
  }
  return {
    joins: {
      challenge: async (body) => counted('challenge', async () => joins.challenge(body)),
      join: async (body) => counted('join', async () => joins.join(body)),
    },
    heartbeats: { heartbeat: async (request) => counted('heartbeat', async () => heartbeats.heartbeat(request)) },
    rekeys: { rekey: async (request) => counted('rekey', async () => rekeys.rekey(request)) },
    leaves: { leave: async (request) => counted('leave', async () => leaves.leave(request)) },
  }
}

/** What the join server answers to this failure. */
function codeOf(error: unknown): string {
  if (error instanceof ProtocolError) return error.code
  return error instanceof KubeApiError ? 'Busy' : 'Internal'
}

export function countWaits(buckets: Buckets, limit: Limit, metrics: PrimaryMetrics): Buckets {
  return {
    ...buckets,
    take(key) {
      const wait = buckets.take(key)
      if (wait > 0) metrics.limited(limit)
      return wait
    },
  }
}

export function countTurnedAway(gate: Gate, metrics: PrimaryMetrics): Gate {
  return {
    async pass(job) {
      let isIn = false
      try {
        return await gate.pass(async () => {
          isIn = true
          return job()
        })
      } finally {
        if (!isIn) metrics.limited('gate')
      }
    },
  }
}

export function countUses(journal: AdmissionJournal, metrics: PrimaryMetrics): AdmissionJournal {
  return {
    ...journal,
    admitted(token, clusterName) {
      metrics.tokenUsed()
      journal.admitted(token, clusterName)
    },
  }
}

/** `tombstones` are the ConfigMaps that hold them. */
export function stateOf(
  clusters: readonly Cluster[],
  tombstones: readonly ConfigMap[],
  isIdentityLost: boolean,
): PrimaryState {
  return {
    clusters: clusters.map((cluster) => ({
      type: cluster.spec.primary ? 'primary' : 'secondary',
      reason: readyReason(cluster),
    })),
    tombstones: tombstones.flatMap(({ data }) => Object.keys(data ?? {})).length,
    isIdentityLost,
    isConnectivityDegraded: clusters.some((cluster) => cluster.spec.primary && storedOutage(cluster) !== undefined),
  }
}

const knownReasons: ReadonlySet<string> = new Set(Object.values(clusterConditions.Ready).flat())

/** A word that is not in our table, which a newer version or a user may have written, must not become a label. */
function readyReason({ status }: Cluster): string {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  if (ready === undefined) return 'None'
  return knownReasons.has(ready.reason) ? ready.reason : 'Other'
}
