/** What a primary tells of its work: as much as an operator wants, and no name. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../src/api/cluster.ts'
import { KubeApiError } from '../../../src/kube/errors.ts'
import type { PrimaryMetrics } from '../../../src/lib/metrics.ts'
import type { JoinService } from '../../../src/primary/join/join-service.ts'
import { createBuckets } from '../../../src/primary/load/buckets.ts'
import { createGate } from '../../../src/primary/load/gate.ts'
import { countAnswers, countTurnedAway, countUses, countWaits, stateOf } from '../../../src/primary/observed.ts'
import { ProtocolError } from '../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../src/protocol/keys.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { heartbeatBy, primaryWith } from './heartbeat/heartbeat-service.fixture.ts'
import { applicant, issue, joinWorld } from './join/join-world.fixture.ts'
import { at, cluster, noon } from './objects.fixture.ts'
import { admittingServer } from './server/join-server.fixture.ts'

/** Metrics that write down what they are told. */
function recorder() {
  const told: string[] = []
  const metrics: PrimaryMetrics = {
    asked: (ask) => (code) => told.push(`${ask} ${code}`),
    answered: (route, status) => told.push(`${route} ${status}`),
    limited: (limit) => told.push(`limit ${limit}`),
    tokenUsed: () => told.push('token used'),
    observe: () => undefined,
  }
  return { told, metrics }
}

const nobody = async () => {
  throw new Error('nobody asks this')
}
const joinsOnly = (joins: JoinService) => ({
  joins,
  heartbeats: { heartbeat: nobody },
  rekeys: { rekey: nobody },
  leaves: { leave: nobody },
})

/** What is told of a join that ends with this error. */
async function toldOf(error: Error): Promise<readonly string[]> {
  const { told, metrics } = recorder()
  const join = async () => {
    throw error
  }
  await assert.rejects(countAnswers(joinsOnly({ challenge: nobody, join }), metrics).joins.join({}), error)
  return told
}

describe('a join', () => {
  it('that is refused tells the code, which only its secondary can read in the answer', async () => {
    const world = joinWorld()
    const { told, metrics } = recorder()
    const { token } = issue()
    const asks = applicant()
    const { request } = await world.requestOf(asks, token, await world.challengeFor(asks, token))
    const { joins } = countAnswers(joinsOnly(world.service), metrics)
    const answer = await joins.join({ request })
    assert.deepEqual(told, ['join TokenInvalid'])
    assert.doesNotMatch(JSON.stringify(answer.body), /TokenInvalid/)
  })

  it('that is admitted tells ok, and so does its challenge', async () => {
    const world = joinWorld()
    const { told, metrics } = recorder()
    const { token } = world.storeToken()
    const asks = applicant()
    const { joins } = countAnswers(joinsOnly(world.service), metrics)
    const { request } = await world.requestOf(asks, token, await world.challengeFor(asks, token))
    await joins.join({ request })
    assert.deepEqual(told, ['join ok'])
  })

  it('that fails tells what the join server will answer', async () => {
    assert.deepEqual(await toldOf(new ProtocolError('NonceInvalid')), ['join NonceInvalid'])
    const failure = { status: 0, reason: 'ECONNREFUSED', message: 'refused' }
    assert.deepEqual(await toldOf(new KubeApiError({ verb: 'create', resource: 'clusters' }, failure)), ['join Busy'])
    assert.deepEqual(await toldOf(new TypeError('broken')), ['join Internal'])
  })
})

describe('a heartbeat', () => {
  it('tells what the member was told', async () => {
    const { told, metrics } = recorder()
    const { service } = primaryWith()
    const services = { ...joinsOnly({ challenge: nobody, join: nobody }), heartbeats: service }
    await countAnswers(services, metrics).heartbeats.heartbeat(await heartbeatBy(generateSigningKey()))
    assert.deepEqual(told, ['heartbeat UnknownCluster'])
  })
})

describe('a limit', () => {
  it('tells whom it makes wait, and nothing of those who pass', () => {
    const { told, metrics } = recorder()
    const buckets = countWaits(createBuckets({ burst: 1, perSecond: 1 }, createManualClock()), 'source', metrics)
    assert.equal(buckets.take('192.0.2.7'), 0)
    assert.deepEqual(told, [])
    assert.equal(buckets.take('192.0.2.7'), 1_000)
    assert.deepEqual(told, ['limit source'])
    buckets.giveBack('192.0.2.7', 1)
    assert.equal(buckets.take('192.0.2.7'), 0)
  })

  it('of joins at once tells whom it turns away, but not who fails inside', async () => {
    const { told, metrics } = recorder()
    const gate = countTurnedAway(createGate({ working: 1, waiting: 0 }), metrics)
    const first = Promise.withResolvers<void>()
    const inside = gate.pass(async () => first.promise)
    await assert.rejects(
      gate.pass(async () => undefined),
      { code: 'Busy' },
    )
    assert.deepEqual(told, ['limit gate'])
    first.reject(new ProtocolError('Busy'))
    await assert.rejects(inside, { code: 'Busy' })
    assert.deepEqual(told, ['limit gate'])
  })
})

describe('a token', () => {
  it('is used by each cluster that is admitted anew', () => {
    const { told, metrics } = recorder()
    const admitted: string[] = []
    const inner = {
      admitted: (_token: object, name: string) => admitted.push(name),
      waits: () => undefined,
      rebound: () => undefined,
      returns: () => undefined,
      flush: () => undefined,
    }
    countUses(inner, metrics).admitted({ metadata: { name: 'join-token' } }, 'east')
    assert.deepEqual(told, ['token used'])
    assert.deepEqual(admitted, ['east'])
  })
})

describe('the join server', () => {
  it('tells each answer by the name of its route, whatever path was asked for', async () => {
    const { told, metrics } = recorder()
    const server = admittingServer({ metrics })
    const headers = { 'content-type': 'application/json', authorization: 'DPoP token', dpop: 'proof' }
    const post = async (url: string) => server.inject({ method: 'POST', url, headers, payload: '{}' })
    await post('/mc/v1/join/challenge')
    await post('/mc/v1/join')
    await post('/mc/v1/clusters/east/heartbeat')
    await post('/mc/v1/clusters/east/leave')
    await post('/wp-login.php')
    assert.deepEqual(told, ['challenge 200', 'join 200', 'heartbeat 200', 'leave 200', 'none 404'])
  })
})

describe('the state of a primary', () => {
  const withReady = (name: string, reason: string) =>
    cluster(name, {
      status: {
        conditions: [{ type: 'Ready', status: 'False', reason, message: '', lastTransitionTime: at(noon) }],
      },
    })

  it('has each Cluster by its kind and the reason of Ready, and not by its name', () => {
    const { clusters } = stateOf(
      [cluster('hub', { spec: { primary: true } }), withReady('east', 'NoHeartbeat')],
      [],
      false,
    )
    assert.deepEqual(clusters, [
      { type: 'primary', reason: 'None' },
      { type: 'secondary', reason: 'NoHeartbeat' },
    ])
  })

  it('keeps out a reason that is not one of ours', () => {
    const { clusters } = stateOf([withReady('east', 'SomebodysWord')], [], false)
    assert.deepEqual(clusters, [{ type: 'secondary', reason: 'Other' }])
  })

  it('counts the disconnected clusters that are remembered', () => {
    const tombstones = [{ metadata: { name: 'mc-tombstones' }, data: { 'uid-1': '{}', 'uid-2': '{}' } }]
    assert.equal(stateOf([], tombstones, false).tombstones, 2)
    assert.equal(stateOf([], [{ metadata: { name: 'mc-tombstones' } }], false).tombstones, 0)
    assert.equal(stateOf([], [], true).isIdentityLost, true)
  })

  it('tells that many are silent at once while the own Cluster says so, and no other', () => {
    const saying = (isPrimary: boolean, status: 'True' | 'False') =>
      cluster('hub', {
        spec: { primary: isPrimary },
        status: {
          conditions: [
            {
              type: 'ConnectivityDegraded',
              status,
              reason: 'ManyHeartbeatsLost',
              message: '',
              lastTransitionTime: at(noon),
            },
          ],
        },
      })
    const isDegraded = (...clusters: Cluster[]) => stateOf(clusters, [], false).isConnectivityDegraded
    assert.equal(isDegraded(saying(true, 'True')), true)
    assert.equal(isDegraded(saying(true, 'False')), false)
    assert.equal(isDegraded(saying(false, 'True')), false)
    assert.equal(isDegraded(cluster('hub', { spec: { primary: true } })), false)
  })
})
