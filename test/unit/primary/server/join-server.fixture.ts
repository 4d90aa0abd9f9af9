/** A join server in front of services that admit everything, for what it decides itself. */
import type { FastifyInstance } from 'fastify'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { createJoinServer, type JoinServerDeps } from '../../../../src/primary/server/join-server.ts'
import { silentLog } from '../silent-log.fixture.ts'

/** So slow that nothing comes back while a test runs. */
export const hardlyAny = 1e-6

export function admittingServer(deps: Partial<JoinServerDeps> = {}): FastifyInstance {
  return createJoinServer({
    joins: {
      challenge: async () => ({ status: 200, body: { challenge: 'given' } }),
      join: async () => ({ status: 200, body: { result: 'given' }, isProven: true }),
    },
    heartbeats: { heartbeat: async () => ({ status: 200, body: { reply: 'given' }, isProven: true }) },
    rekeys: { rekey: async () => ({ status: 200, body: { reply: 'given' }, isProven: true }) },
    leaves: { leave: async () => ({ status: 200, body: { reply: 'given' }, isProven: true }) },
    metrics: { answered: () => undefined },
    certificate: undefined,
    trustedProxies: [],
    sources: createBuckets({ burst: 600, perSecond: 10 }, systemClock),
    lane: { admits: () => false },
    outage: () => undefined,
    clock: systemClock,
    log: silentLog,
    ...deps,
  })
}
