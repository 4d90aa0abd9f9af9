/** Composes the front of the primary: its own end of TLS, the leaf that stands before it, and the server of the join endpoint. */
import { tellUnusableCertificate } from '../cluster/cluster-events.ts'
import { createBuckets } from '../load/buckets.ts'
import { sourceLoad } from '../load/limits.ts'
import { countAnswers, countWaits } from '../observed.ts'
import { createFrontLeaf } from '../server/front-leaf.ts'
import { createJoinServer, type JoinServer } from '../server/join-server.ts'
import { createOwnTls } from '../server/own-tls.ts'
import type { Core } from './core.ts'
import type { OperatorDeps } from './deps.ts'
import type { Joins } from './joins.ts'
import type { Members } from './members.ts'

/** Who answers behind it. */
interface Behind {
  readonly members: Members
  readonly joins: Joins
  /** Why this replica can do nothing for anybody at the moment; undefined where it can. */
  readonly outage: () => string | undefined
}

export function composeFront(deps: OperatorDeps, { informers, serving, clusters, events }: Core) {
  const { metrics, clock, log } = deps
  const tellUnusable = (note: string) => tellUnusableCertificate(events, clusters.primaries(), note)
  const tls = deps.listen.tls ? createOwnTls({ ...deps, secrets: informers.certificate, tellUnusable }) : undefined
  const leaf = createFrontLeaf({ serving, clock, log })
  return {
    /** The leader's work on the certificate, where the primary ends TLS itself. */
    renewal: tls?.renewal,
    /** SHA-256 of the keys of the leaves that a secondary may meet. */
    spki: (): readonly string[] => [...new Set([...(tls?.spki() ?? []), ...[leaf.spki() ?? []].flat()])],
    /** Looks after both leaves until aborted; the server is open by then. */
    async follow(signal: AbortSignal): Promise<void> {
      await Promise.all([leaf.follow(signal), tls?.follow(signal)])
    },
    /** Resolves when the server listens. */
    async open({ members, joins, outage }: Behind): Promise<Pick<JoinServer, 'close'>> {
      const server = (deps.openJoinServer ?? createJoinServer)({
        ...countAnswers({ joins: joins.service, ...members.services }, metrics),
        trustedProxies: deps.trustedProxies,
        sources: countWaits(createBuckets(sourceLoad, clock), 'source', metrics),
        lane: members.lane,
        certificate: await tls?.load(),
        outage,
        metrics,
        clock,
        log,
      })
      await server.listen({ host: deps.listen.host, port: deps.listen.port })
      log.info({ addresses: server.addresses() }, 'serving the join endpoint')
      return server
    },
  }
}
