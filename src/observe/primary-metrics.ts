/** The metrics of a primary: what it is asked, what it turns away, and the clusters that it knows. */
import type { Ask, PrimaryMetrics, PrimaryState } from '../lib/metrics.ts'
import type { Instruments, Reading } from './instruments.ts'

export function createPrimaryMetrics({ counter, gauge, stopwatch }: Instruments): PrimaryMetrics {
  const answers = {
    challenge: counter({
      name: 'conjoin_challenges_total',
      help: 'Challenges asked for, by code: ok, or why there was none.',
      labels: ['code'],
    }),
    join: counter({
      name: 'conjoin_joins_total',
      help: 'Requests to join, by code: ok, or why it was refused or put off.',
      labels: ['code'],
    }),
    heartbeat: counter({
      name: 'conjoin_heartbeats_total',
      help: 'Heartbeats received, by code: ok, or what the member was told instead.',
      labels: ['code'],
    }),
    rekey: counter({
      name: 'conjoin_rekeys_total',
      help: 'Requests of members for another key, by code: ok, or why it was refused or put off.',
      labels: ['code'],
    }),
    leave: counter({
      name: 'conjoin_leaves_total',
      help: 'Requests of members to leave, by code: ok, or why it was put off.',
      labels: ['code'],
    }),
  }
  // A counter that appears with its first success would hide that success from every rate.
  for (const ask of Object.keys(answers) as Ask[]) answers[ask].inc({ code: 'ok' }, 0)
  const joinTime = stopwatch({
    name: 'conjoin_join_duration_seconds',
    help: 'Time that the answer to a request to join takes.',
  })
  const responses = counter({
    name: 'conjoin_http_responses_total',
    help: 'Answers of the join server, by route and HTTP status; the route none: no such path.',
    labels: ['route', 'code'],
  })
  const limits = counter({
    name: 'conjoin_limited_total',
    help: 'Requests that met a limit. source: of one address; lane: of one member, now counted against its address; join-key, member-key: of one key; gate: joins at once.',
    labels: ['limit'],
  })
  const tokenUses = counter({
    name: 'conjoin_token_uses_total',
    help: 'Clusters admitted anew, each by the use of a join token.',
  })

  let look: (() => PrimaryState) | undefined
  const readState = (read: (state: PrimaryState) => number) => () => {
    const state = look?.()
    return state === undefined ? [] : [[read(state), {}] as const]
  }
  gauge(
    {
      name: 'conjoin_clusters',
      help: 'Clusters by type (primary, secondary) and by the reason of their condition Ready; None: it has no such condition yet; Other: a word that this version does not know.',
      labels: ['type', 'reason'],
    },
    () => countClusters(look?.().clusters ?? []),
  )
  gauge(
    { name: 'conjoin_tombstones', help: 'Disconnected clusters that are remembered, to be told so.' },
    readState(({ tombstones }) => tombstones),
  )
  gauge(
    {
      name: 'conjoin_identity_lost',
      help: 'Whether the signing key is gone while clusters or tokens rely on it.',
    },
    readState(({ isIdentityLost }) => Number(isIdentityLost)),
  )
  gauge(
    {
      name: 'conjoin_connectivity_degraded',
      help: 'Whether so many members are silent at once that none of them is called lost for it.',
    },
    readState(({ isConnectivityDegraded }) => Number(isConnectivityDegraded)),
  )

  return {
    asked(ask) {
      const stop = ask === 'join' ? joinTime({}) : undefined
      return (code) => {
        stop?.()
        answers[ask].inc({ code })
      }
    },
    answered: (route, status) => responses.inc({ route, code: String(status) }),
    limited: (limit) => limits.inc({ limit }),
    tokenUsed: () => tokenUses.inc(),
    observe(state) {
      look = state
    },
  }
}

function countClusters(clusters: PrimaryState['clusters']): readonly Reading<'type' | 'reason'>[] {
  const groups = Map.groupBy(clusters, ({ type, reason }) => `${type} ${reason}`)
  return [...groups.values()].flatMap((group) => {
    const [labels] = group
    return labels === undefined ? [] : [[group.length, labels] as const]
  })
}
