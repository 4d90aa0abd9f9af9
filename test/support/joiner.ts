/**
 * A cluster without a Kubernetes of its own: an identity in memory that joins and beats with the product's own exchange
 * and heartbeats. It writes nothing down and decides nothing; many of them are a fleet.
 */
import { randomUUID } from 'node:crypto'
import type { Agent } from 'undici'
import { systemClock } from '../../src/lib/clock.ts'
import type { Logger } from '../../src/lib/logger.ts'
import { generateSigningKey, type SigningKey } from '../../src/protocol/keys.ts'
import { parseToken } from '../../src/protocol/token.ts'
import { joinPath } from '../../src/protocol/wire.ts'
import { admittedMembership } from '../../src/secondary/join/admission.ts'
import { type ExchangeOutcome, exchange } from '../../src/secondary/join/exchange.ts'
import type { JoinPlan } from '../../src/secondary/join/plan.ts'
import { planReturn } from '../../src/secondary/join/return-plan.ts'
import { type Heartbeats, openHeartbeats } from '../../src/secondary/membership/beat.ts'
import { type Beat, contactAfter, noContact } from '../../src/secondary/membership/heartbeat.decide.ts'
import { keysAfter } from '../../src/secondary/membership/primary-keys.ts'
import { updatedToken } from '../../src/secondary/membership/upkeep.decide.ts'
import { type Post, post } from '../../src/secondary/primary-client/http.ts'
import { type LineOptions, openLine } from '../../src/secondary/primary-client/line.ts'
import { createRoots } from '../../src/secondary/primary-client/roots.ts'
import { SpareConnections } from '../../src/secondary/primary-client/spare-connections.ts'
import { VouchedLeaves } from '../../src/secondary/primary-client/tls.ts'
import { until } from './until.ts'

export interface Joiner {
  readonly uid: string
  readonly key: SigningKey
  /** One exchange. Rejects with a `ProtocolError` where nothing final came of it. */
  ask(given: Given): Promise<ExchangeOutcome>
  /** Exchanges until one is final, as a secondary does. */
  join(given: Given): Promise<ExchangeOutcome>
  /** As `join`, without a join token: by the membership of the last join, as to a primary that was restored. */
  comeBack(): Promise<ExchangeOutcome>
  /** Heartbeats for the membership of the last join, over a connection that is kept, as a secondary sends them. */
  heartbeats(boot?: string): Heartbeats
  /**
   * The word of the reply to one heartbeat for the membership of the last join, by a run of this name. Rejects where there
   * is no signed one.
   */
  beat(boot?: string): Promise<string>
  /** Beats until a signed reply comes, as a secondary does. */
  confirm(): Promise<string>
}

export interface Given {
  readonly endpoint: string
  readonly token: string
  /** The name asked for. */
  readonly name?: string
}

const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }
const forever = new AbortController().signal
const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }

/** Each line has connections of its own, so that replicas behind a relay are reached in turn. */
class NothingSpared extends SpareConnections {
  override put(_acceptance: string, agent: Agent): void {
    void agent.destroy()
  }
}

export function createJoiner({
  uid = randomUUID(),
  key = generateSigningKey(),
  ingressUrl,
  labels = {},
  beforeJoin = async () => undefined,
}: {
  uid?: string
  key?: SigningKey
  /** What it reports as its own address. */
  ingressUrl?: string
  /** What it wants to be called; read at each heartbeat. */
  labels?: Record<string, string>
  /** Waited for each time that a request to join is ready to be sent. */
  beforeJoin?: () => Promise<void>
} = {}): Joiner {
  const lines = {
    roots: createRoots({ caBundleFile: undefined, log: silent }),
    leaves: new VouchedLeaves(),
    spare: new NothingSpared(),
    proxies: {},
    post: async (request: Post, context: Parameters<typeof post>[1]) => {
      if (request.path.endsWith(joinPath)) await beforeJoin()
      return post(request, context)
    },
    clock: systemClock,
  }
  const deps = {
    openLine: (options: LineOptions) => openLine(lines, options),
    ownUid: uid,
    versions: () => versions,
    clock: systemClock,
  }
  let joined: { readonly info: ReturnType<typeof admittedMembership>; readonly nonce: string } | undefined

  async function ask({ endpoint, token: text, name }: Given): Promise<ExchangeOutcome> {
    const token = parseToken(text)
    const origin = { dialect: 'first' } as const
    const ingress = ingressUrl === undefined ? {} : { ingress: { url: ingressUrl } }
    const k10 = { namespace: 'kasten-io', releaseName: 'k10', ...ingress }
    const plan: JoinPlan = { kind: 'join', token, endpoints: [endpoint], name, k10, allowUntrustedTls: false, origin }
    const outcome = await exchange(deps, { plan, key, name }, { log: silent, signal: forever })
    if (outcome.kind === 'joined') joined = { info: admittedMembership(plan, outcome), nonce: outcome.membership.nonce }
    return outcome
  }

  async function askBack(): Promise<ExchangeOutcome> {
    if (joined === undefined) throw new Error('there is no membership to come back with')
    const ways = { allowHttp: true, allowUntrustedTls: false, clusterIngress: undefined }
    const plan = planReturn(joined.info, ways, { namespace: 'kasten-io', releaseName: 'k10' })
    return exchange(deps, { plan, key, name: undefined }, { log: silent, signal: forever })
  }

  function heartbeats(boot = 'boot'): Heartbeats {
    if (joined === undefined) throw new Error('there is no membership to beat for')
    const member = { key, info: joined.info, allowHttp: true, allowUntrustedTls: false }
    const report = () => ({ versions, health: 'ok', labels })
    return openHeartbeats({ ...deps, report, boot }, member, joined.nonce)
  }

  /** As a secondary keeps its membership truthful; only where the primary is reached stays what the test has said. */
  function learn({ info, nonce }: NonNullable<typeof joined>, answer: Beat): void {
    const contact = contactAfter(noContact(), answer, 0)
    const keys = keysAfter(info.membership.keys, contact.keys)
    joined = { info: { membership: { ...info.membership, keys }, token: updatedToken(info, key, contact) }, nonce }
  }

  async function beat(boot?: string): Promise<string> {
    const once = heartbeats(boot)
    try {
      const answer = await once.beat(undefined, forever)
      if (answer.kind === 'silent') throw answer.error
      if (joined !== undefined) learn(joined, answer)
      return answer.reply.status
    } finally {
      once.close()
    }
  }

  return {
    uid,
    key,
    ask,
    heartbeats,
    join: async (given) => until(`${given.name ?? uid} gets a final answer`, async () => ask(given)),
    comeBack: async () => until(`${uid} gets a final answer to its return`, askBack),
    beat,
    confirm: async () => until(`${uid} gets a signed reply`, async () => beat()),
  }
}
