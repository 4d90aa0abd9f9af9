/** A connection to the join endpoint that is cut: half a request does nothing, and half an answer costs nothing. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createBuckets } from '../../../../src/primary/load/buckets.ts'
import { meaningOf, ProtocolError } from '../../../../src/protocol/errors.ts'
import { joinPath } from '../../../../src/protocol/wire.ts'
import { type Allowance, type Cutter, startCutter } from '../../../support/cutter.ts'
import { createJoiner } from '../../../support/joiner.ts'
import { joinWorld } from '../join/join-world.fixture.ts'
import { namespace } from '../objects.fixture.ts'
import { admittingServer } from './join-server.fixture.ts'

const sources = () => createBuckets({ burst: 1e6, perSecond: 1e6 }, systemClock)

async function listening(server: FastifyInstance): Promise<number> {
  await server.listen({ host: '127.0.0.1', port: 0 })
  return (server.server.address() as AddressInfo).port
}

describe('a request that is cut off', () => {
  it('after any of its bytes is never acted on', async () => {
    let joins = 0
    const server = admittingServer({
      joins: {
        challenge: async () => ({ status: 200, body: { challenge: 'given' } }),
        async join() {
          joins += 1
          return { status: 200, body: { result: 'given' } }
        },
      },
      sources: sources(),
    })
    const port = await listening(server)
    const body = '{"request":"a.b.c"}'
    const request = `POST ${joinPath} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const send = async (text: string) => {
      const socket = connect(port, '127.0.0.1').resume()
      socket.on('error', () => undefined)
      socket.end(text)
      await once(socket, 'close')
    }
    for (let bytes = 0; bytes < request.length; bytes += 1) await send(request.slice(0, bytes))
    assert.equal(joins, 0)
    await send(request.replace('Host: x', 'Host: x\r\nConnection: close'))
    assert.equal(joins, 1)
    await server.close()
  })
})

describe('a join whose connection is cut', () => {
  const world = joinWorld()
  let server: FastifyInstance
  let cutter: Cutter
  let clusters = 0

  before(async () => {
    server = admittingServer({ joins: world.service, sources: sources() })
    const port = await listening(server)
    cutter = await startCutter(() => port)
  })

  after(async () => {
    await cutter.close()
    await server.close()
  })

  /** A cluster with a token of one use, and what is stored of both. */
  function newcomer() {
    clusters += 1
    const name = `east-${clusters}`
    const { text, secret } = world.storeToken({ [annotations.maxUses]: '1' })
    const joiner = createJoiner()
    return {
      ask: async () => joiner.ask({ endpoint: cutter.url, token: text, name }),
      stored: () => {
        world.api.sync()
        const own = world.api.all<Cluster>(clusterKind).filter(({ spec }) => spec.member?.uid === joiner.uid)
        const uses = world.api.stored<Secret>(secretKind, secret.metadata.name, namespace)?.metadata.annotations
        return { names: own.map(({ metadata }) => metadata.name), uses: uses?.[annotations.uses] }
      },
      name,
    }
  }

  /** Asks while the wire lets so much pass, and again when it is whole. */
  async function survives(allowance: Allowance): Promise<void> {
    const { ask, stored, name } = newcomer()
    const what = JSON.stringify(allowance)
    cutter.allow(allowance)
    await assert.rejects(ask(), (error) => {
      assert.ok(error instanceof ProtocolError, `${what}: ${String(error)}`)
      assert.equal(meaningOf(error.code).final, false, `${what}: ${error.code}`)
      return true
    })
    cutter.allow({})
    const outcome = await ask()
    assert.equal(outcome.kind === 'joined' && outcome.membership.clusterName, name, what)
    assert.deepEqual(stored(), { names: [name], uses: '1' }, what)
  }

  for (const direction of ['requests', 'answers'] as const)
    it(`in its ${direction} is repeated without harm: one Cluster, one use of the token`, async () => {
      cutter.allow({})
      assert.equal((await newcomer().ask()).kind, 'joined')
      const whole = cutter.passed()[direction]
      // A sample of both messages, which share the connection. Their length differs by a few bytes from one join to the next.
      for (let bytes = 0; bytes < whole - 8; bytes += 41) await survives({ [direction]: bytes })
    })
})
