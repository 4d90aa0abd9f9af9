/** A stranger's heartbeats in the name of a cluster: neither their answer nor their cost tells whether it is there. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { type Answer, problemOf } from '../../../../src/primary/answer.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { costOf } from '../cost.fixture.ts'
import { noon } from '../objects.fixture.ts'
import { type Beater, beater, heartbeatWorld, issuer } from './heartbeat-world.fixture.ts'

type World = ReturnType<typeof heartbeatWorld>

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
type Request = (world: World, stranger: Beater) => ReturnType<World['requestOf']>

const foreign = generateSigningKey()
const requests: Readonly<Record<string, Request>> = {
  'with a token that another key has signed': async (world, stranger) =>
    world.requestOf(stranger, { token: await world.tokenOf(east, { ...issuer, key: foreign }) }),
  'with a token that names the key of the primary': async (world, stranger) => {
    const key = { ...foreign, thumbprint: issuer.key.thumbprint }
    return world.requestOf(stranger, { token: await world.tokenOf(east, { ...issuer, key }) })
  },
  'without a good nonce': async (world, stranger) =>
    world.requestOf(stranger, {
      token: await world.tokenOf(east, { ...issuer, key: foreign }),
      nonce: 'A'.repeat(54),
    }),
}

/** What it costs and what is answered. Each nonce is another, so of that the length counts. */
async function asked(t: TestContext, known: (world: World) => Promise<unknown>, request: Request) {
  const world = heartbeatWorld()
  await known(world)
  world.api.sync()
  const send = async () => {
    const sent = await request(world, beater({ uid: east.uid }))
    let answer: Answer | undefined
    const cost = await costOf(t, world, async () => (answer = await answerTo(world, sent)))
    return { cost, answer: { ...answer, nonce: answer?.nonce?.length } }
  }
  // What is derived once for each key of the primary is no cost of a request.
  await send()
  return send()
}

async function answerTo({ service }: World, sent: Awaited<ReturnType<Request>>): Promise<Answer> {
  try {
    return await service.heartbeat(sent)
  } catch (error) {
    if (error instanceof ProtocolError) return problemOf(error)
    throw error
  }
}

describe('a heartbeat of a stranger in the name of a cluster', () => {
  for (const [how, request] of Object.entries(requests))
    it(`${how} costs the same, and is answered alike, whatever is known of that cluster`, async (t) => {
      const { cost, answer } = await asked(t, kinds['nobody'] ?? assert.fail(), request)
      for (const [what, known] of Object.entries(kinds))
        assert.deepEqual(await asked(t, known, request), { cost, answer }, what)
      assert.deepEqual([answer.status, cost.reads, cost.signatures], [401, [], 0])
      // Where nothing was counted, everything would be equal.
      assert.ok(cost.macs > 0)
    })
})
