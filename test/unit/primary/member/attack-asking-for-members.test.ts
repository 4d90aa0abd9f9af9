/** A stranger's requests in the name of a cluster: neither their answer nor their cost tells whether it is there. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { type Answer, problemOf } from '../../../../src/primary/answer.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { costOf } from '../cost.fixture.ts'
import { type Beater, beater, heartbeatWorld, issuer } from '../heartbeat/heartbeat-world.fixture.ts'
import { leaveWorld } from '../leave/leave-world.fixture.ts'
import { noon } from '../objects.fixture.ts'
import { rekeyWorld } from '../rekey/rekey-world.fixture.ts'

type HeartbeatWorld = ReturnType<typeof heartbeatWorld>
type World = Pick<HeartbeatWorld, 'api' | 'tombstones' | 'clusterOf' | 'tokenOf'>
type Sent = Awaited<ReturnType<HeartbeatWorld['requestOf']>>

/** What a member may ask a primary for. */
interface Route {
  readonly world: World
  readonly requestOf: (by: Beater, fields: { readonly token: string; readonly nonce?: string }) => Promise<Sent>
  readonly answerTo: (sent: Sent) => Promise<Answer>
}

const routes: Readonly<Record<string, () => Route>> = {
  heartbeat() {
    const world = heartbeatWorld()
    const { service } = world
    return {
      world,
      requestOf: async (by, fields) => world.requestOf(by, fields),
      answerTo: async (sent) => service.heartbeat(sent),
    }
  },
  'change of key'() {
    const world = rekeyWorld()
    const next = generateSigningKey()
    const { service } = world
    return {
      world,
      requestOf: async (by, fields) => world.rekeyOf(by, next, fields),
      answerTo: async (sent) => service.rekey(sent),
    }
  },
  farewell() {
    const world = leaveWorld()
    const { service } = world
    return {
      world,
      requestOf: async (by, fields) => world.leaveOf(by, fields),
      answerTo: async (sent) => service.leave(sent),
    }
  },
}

const east = beater()

/** What the primary knows of east. */
const kinds: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  'a member': async (world) => world.api.put<Cluster>(clusterKind, world.clusterOf(east)),
  nobody: async () => undefined,
  'one that waits for approval': async (world) => {
    const made = world.clusterOf(east)
    return world.api.put<Cluster>(clusterKind, { ...made, spec: { ...made.spec, approval: 'manual' } })
  },
  'one that was disconnected': async ({ tombstones }) => {
    await tombstones.prepare()
    await tombstones.store({ ...east, keyId: east.key.thumbprint, at: noon, isAcknowledged: false })
  },
}

/** A request by whoever knows all that is public of east, and has a key of his own. */
type Request = (route: Route, stranger: Beater) => Promise<Sent>

const foreign = generateSigningKey()
const requests: Readonly<Record<string, Request>> = {
  'with a token that another key has signed': async ({ world, requestOf }, stranger) =>
    requestOf(stranger, { token: await world.tokenOf(east, { ...issuer, key: foreign }) }),
  'with a token that names the key of the primary': async ({ world, requestOf }, stranger) => {
    const key = { ...foreign, thumbprint: issuer.key.thumbprint }
    return requestOf(stranger, { token: await world.tokenOf(east, { ...issuer, key }) })
  },
  'without a good nonce': async ({ world, requestOf }, stranger) =>
    requestOf(stranger, {
      token: await world.tokenOf(east, { ...issuer, key: foreign }),
      nonce: 'A'.repeat(54),
    }),
}

/** What it costs and what is answered. Each nonce is another, so of that the length counts. */
async function asked(t: TestContext, route: Route, known: (world: World) => Promise<unknown>, request: Request) {
  const { world } = route
  await known(world)
  world.api.sync()
  const send = async () => {
    const sent = await request(route, beater({ uid: east.uid }))
    let answer: Answer | undefined
    const cost = await costOf(t, world, async () => (answer = await answerTo(route, sent)))
    return { cost, answer: { ...answer, nonce: answer?.nonce?.length } }
  }
  // What is derived once for each key of the primary is no cost of a request.
  await send()
  return send()
}

async function answerTo(route: Route, sent: Sent): Promise<Answer> {
  try {
    return await route.answerTo(sent)
  } catch (error) {
    if (error instanceof ProtocolError) return problemOf(error)
    throw error
  }
}

for (const [what, offer] of Object.entries(routes))
  describe(`a ${what} of a stranger in the name of a cluster`, () => {
    for (const [how, request] of Object.entries(requests))
      it(`${how} costs the same, and is answered alike, whatever is known of that cluster`, async (t) => {
        const { cost, answer } = await asked(t, offer(), kinds['nobody'] ?? assert.fail(), request)
        for (const [who, known] of Object.entries(kinds))
          assert.deepEqual(await asked(t, offer(), known, request), { cost, answer }, who)
        assert.deepEqual([answer.status, cost.reads, cost.signatures], [401, [], 0])
        // Where nothing was counted, everything would be equal.
        assert.ok(cost.macs > 0)
      })
  })
