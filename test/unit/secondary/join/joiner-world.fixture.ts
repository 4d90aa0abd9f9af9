/** A joiner with everything around it: what it wrote, in which order, and what a test makes of its surroundings. */
import { encodeSecretData } from '../../../../src/api/secret-data.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { issueToken, parseToken } from '../../../../src/protocol/token.ts'
import { createIdentityKeeper } from '../../../../src/secondary/identity/identity-keeper.ts'
import type { OwnIdentity } from '../../../../src/secondary/identity/own-identity.ts'
import { readContent } from '../../../../src/secondary/join/content.ts'
import type { ExchangeOutcome } from '../../../../src/secondary/join/exchange.ts'
import { createJoiner, type Joiner } from '../../../../src/secondary/join/joiner.ts'
import type { Pass } from '../../../../src/secondary/join/pass.ts'
import type { JoinPlan } from '../../../../src/secondary/join/plan.ts'
import type { ReturnPlan } from '../../../../src/secondary/join/return-plan.ts'
import type { Statement } from '../../../../src/secondary/join/status.ts'
import { createStatusWriter } from '../../../../src/secondary/join/status-writer.ts'
import { type Contact, noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import type { GivenObjects, ObjectStore, SecondaryObjects } from '../../../../src/secondary/objects.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { forever, silent } from '../lines.fixture.ts'

export const key = generateSigningKey()
export const token = parseToken(issueToken({ uid: 'hub-uid', key, endpoints: ['https://hub.example'] }).text.reveal())
export const plan: JoinPlan = {
  kind: 'join',
  token,
  endpoints: ['https://hub.example'],
  name: 'east',
  k10: { namespace: 'kasten-io', releaseName: 'k10' },
  allowUntrustedTls: false,
  origin: { dialect: 'first' },
}
export const joined: ExchangeOutcome & { kind: 'joined' } = {
  kind: 'joined',
  endpoint: 'https://hub.example',
  membership: {
    clusterName: 'east',
    primaryName: 'hub',
    endpoints: [],
    token: new Redacted('communication-token'),
    keys: { current: { kid: key.thumbprint, x: key.x } },
    interval: 20,
    nonce: 'n',
  },
}

export function mcJoin(endpoint: string): Secret {
  return { metadata: { name: 'mc-join', namespace: 'kasten-io' }, data: encodeSecretData({ endpoint, token: 't' }) }
}

export const read = (objects: GivenObjects) => readContent(objects, { allowHttp: false })

export type JoinerWorld = ReturnType<typeof joinerWorld>

/** A joiner whose surroundings a test changes; each begins with a primary that admits it. */
export function joinerWorld() {
  const clock = createManualClock()
  const objects: ObjectStore = {
    readGiven: async () => world.given,
    readAll: async () => nothing(),
    async write(name, content) {
      const status = content.data['status']
      world.steps.push(`write ${name}${status === undefined ? '' : ` ${Buffer.from(status, 'base64').toString()}`}`)
      if (status !== undefined) await world.storing
      const secret = { metadata: { name, annotations: content.annotations ?? {} }, data: content.data }
      world.written.set(name, secret)
      return secret
    },
    async remove(secret) {
      world.steps.push(`remove ${secret?.metadata.name}`)
    },
  }

  function nothing(): SecondaryObjects {
    return { ...world.given, status: undefined, clusterInfo: undefined, identity: undefined }
  }

  const joiner: Joiner = createJoiner({
    objects,
    identity: createIdentityKeeper({ objects, ownUid: 'own-uid' }),
    heartbeats: {
      follow: () => undefined,
      contact: () => world.contact,
      async beat() {
        world.steps.push('beat')
        world.onBeat()
        return world.contact
      },
      run: async () => undefined,
    },
    async exchange({ plan: asked }, { signal }) {
      world.steps.push(asked.kind === 'join' ? 'exchange' : 'exchange to return')
      const result = await (asked.kind === 'join' ? world.outcome() : world.outcomeOfReturn())
      signal.throwIfAborted()
      return result
    },
    isPrimary: async () => world.isPrimary,
    readContent: read,
    clock,
    random: () => 0,
  })

  function pass(): Pass {
    const seen = nothing()
    const events = { record: () => undefined, flush: async () => undefined }
    const status = createStatusWriter(
      { objects, events, clock, log: silent },
      { status: world.written.get('mc-join-status'), join: seen.join, dialect: 'first', member: undefined },
    )
    return {
      objects: seen,
      content: read(seen),
      identity: undefined,
      isLeaving: false,
      status,
      log: silent,
      signal: forever,
    }
  }

  /** Asks by the plan, as a member where an identity is given. */
  async function ask({ identity, ...more }: { identity?: OwnIdentity; otherwise?: ReturnPlan } = {}) {
    const asking = { ...pass(), ...(identity === undefined ? {} : { identity }) }
    joiner.attempts(asking)
    return joiner.ask(asking, { kind: 'ask', plan, name: 'east', ...more, first: world.first })
  }

  const surroundings: Surroundings = {
    steps: [],
    written: new Map(),
    given: { join: mcJoin('https://hub.example'), config: undefined },
    outcome: async () => joined,
    outcomeOfReturn: async () => joined,
    contact: { ...noContact(), word: { kind: 'ok' } },
    onBeat: () => undefined,
    isPrimary: false,
    first: undefined,
    storing: Promise.resolve(),
  }
  const world = Object.assign(surroundings, { joiner, pass, ask })
  return world
}

interface Surroundings {
  /** Everything that was done, in order. */
  steps: string[]
  readonly written: Map<string, Secret>
  given: GivenObjects
  outcome: () => Promise<ExchangeOutcome>
  outcomeOfReturn: () => Promise<ExchangeOutcome>
  contact: Contact
  onBeat: () => void
  isPrimary: boolean
  /** What a write of the status waits for. */
  storing: Promise<void>
  /** What is said before the primary is asked. */
  first: Statement | undefined
}
