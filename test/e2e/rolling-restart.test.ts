/** An upgrade of the primary: each replica is stopped and started, one after the other, while clusters beat and join. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RoleProcess } from '../../tools/role-process.ts'
import { createJoiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts'
import { assertNobodyCalledLost, assertOneWayOn, startSteadyLoad } from '../support/steady-load.ts'
import { until } from '../support/until.ts'

describe('a rolling restart of three replicas', { timeout: 180_000 }, () => {
  let pair: Pair
  let replicas: ReplicaSet
  let secondary: RoleProcess

  before(async () => {
    pair = await startPair()
    replicas = await startReplicaSet(pair, 'rolling')
    secondary = await replicas.scene.startSecondary({ 'allow-insecure-primary-ingress': 'true' })
  })

  after(async () => {
    await replicas.end()
    await pair.stop()
  })

  it('fails no join and loses no member: at most a connection ends, and the next one leads to another replica', async () => {
    const { scene, url } = replicas
    const start = await pair.primary.auditLog.mark()
    const { token } = await scene.token()
    const given = { endpoint: url, token }
    const members = Array.from({ length: 20 }, () => createJoiner())
    await Promise.all(members.map(async (member) => member.join(given).then(async () => member.confirm())))
    const load = startSteadyLoad(given, members, { arriving: 4 })
    const leaders = [await replicas.leader()]
    for (const name of replicas.names) {
      // The real one joins anew with each token; its status is what a user sees.
      const { endpoint, token: next } = await scene.token(`during-${name}`)
      await scene.mcJoin({ endpoint, token: next, clusterName: 'real' })
      await replicas.stop(name)
      await replicas.start(name)
      await scene.untilStatus('Joined')
      leaders.push(await replicas.leader())
    }
    await load.stop()

    for (const { joiner, heard } of load.arrivals) assertOneWayOn(heard, 'Joined', `the join of ${joiner.uid}`)
    for (const [index, heard] of load.beats.entries()) assertOneWayOn(heard, 'ok', `member ${index}`)
    const uids = (await scene.clusters()).map(({ spec }) => spec.member?.uid)
    for (const { joiner } of load.arrivals)
      assert.equal(uids.filter((uid) => uid === joiner.uid).length, 1, `one Cluster of ${joiner.uid}`)
    assert.ok(new Set(leaders).size > 1, `the lead has changed hands: ${leaders.join(', ')}`)

    const joined = () => secondary.lines().filter(({ msg }) => msg === 'joined').length
    await until('it has told of each of its joins', async () => joined() >= replicas.names.length)
    const said = secondary.lines().filter(({ msg }) => ['joining', 'joined', 'rejected'].includes(msg))
    for (const line of said) assert.match(String(line['reason']), /^($|InProgress: |ConnectRefused: )/)
    assert.equal(joined(), replicas.names.length)
    assertNobodyCalledLost(await pair.primary.auditLog.writesSince(start))
  })
})
