/** Two replicas behind one address: whoever hears a member, the word on its health is true, and costs few writes. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { withFleet } from '../support/clocked-fleet.ts'
import { type ClockedReplica, interval } from '../support/clocked-replicas.ts'
import { type Pair, startPair } from '../support/pair.ts'

const tenYears = 10 * 365 * 24 * 3_600_000
const minute = 60_000
/** No replica tells more often. */
const pace = 30_000

interface Role {
  readonly rules: readonly { readonly resources: readonly string[] }[]
}

describe('the health of members behind two replicas', { timeout: 240_000 }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  it('is true where only the follower hears them, whose clock is ten years wrong', async () =>
    withFleet(pair, 'follower', async (fleet) => {
      await fleet.lead('leader')
      const follower = await fleet.replicas.start('follower', { skewMs: tenYears })
      fleet.behind = [follower]
      const [east, west] = [await fleet.member('east'), await fleet.member('west')]
      const mark = await pair.primary.auditLog.mark()
      await fleet.beating([east, west], 3 * minute)
      assert.deepEqual(await fleet.calledLost(), [])
      assert.equal(await fleet.health('east'), 'True/Heartbeat')
      const [told, asked] = [await fleet.tellings('follower', mark), await fleet.tellings('leader')]
      assert.ok(told > 1 && told <= (3 * minute) / pace + 1, `the follower has told ${told} times`)
      assert.equal(asked, 0, 'the leader has heard nobody, and so has nothing to tell')

      // The last heartbeat is an interval old already.
      await fleet.beating([west], 5 * interval)
      assert.equal(await fleet.health('east'), 'True/Heartbeat')
      await fleet.beating([west], 2 * interval)
      assert.equal(await fleet.health('east'), 'Unknown/NoHeartbeat')
      assert.equal(await fleet.health('west'), 'True/Heartbeat')
      assert.deepEqual(await fleet.calledLost(), ['east'])
      const lastSeen = Date.parse((await fleet.scene.cluster('east'))?.status?.lastSeen ?? '')
      assert.ok(Math.abs(lastSeen - Date.now()) < 10 * minute, `by the clock of the leader: ${lastSeen}`)

      await fleet.beating([east, west], interval)
      await fleet.beating([west], 4 * interval)
      assert.equal(await fleet.health('east'), 'Unknown/NoHeartbeat', 'one heartbeat is none')
      await fleet.beating([east, west], 4 * interval)
      assert.equal(await fleet.health('east'), 'True/Heartbeat', 'found again')
    }))

  it('keeps nobody from joining where the right to share it is missing', async () =>
    withFleet(pair, 'rights', async (fleet) => {
      const { scene, replicas } = fleet
      const role = JSON.parse(await scene.atHome(['get', 'role', 'conjoin-primary', '-o', 'json'])) as Role
      const rules = role.rules.filter(({ resources }) => !resources.includes('configmaps'))
      await scene.atHome(['patch', 'role', 'conjoin-primary', '--type=merge', '-p', JSON.stringify({ rules })])
      const leader = await fleet.lead('leader')
      const follower = await replicas.start('follower')
      fleet.behind = [follower]
      const east = await fleet.member('east')
      await fleet.beating([east], minute)
      assert.equal(await fleet.health('east'), 'True/Heartbeat')
      const warned = (replica: ClockedReplica, message: string) =>
        replica.log.lines.some((line) => line.level === 'warn' && line.message === message)
      assert.ok(warned(leader, 'cannot follow the API server'))
      assert.ok(warned(follower, 'cannot tell the other replicas whom this one has heard'))
    }))

  it('survives the death of the leader: nobody is called lost who lives, and who has died with it is', async () =>
    withFleet(pair, 'death', async (fleet) => {
      const first = await fleet.lead('first')
      const second = await fleet.replicas.start('second')
      fleet.behind = [first, second]
      const [east, west] = [await fleet.member('east'), await fleet.member('west')]
      await fleet.beating([east, west], 3 * minute)
      assert.deepEqual(await fleet.telling(['first', 'second']), ['first', 'second'])

      await first.kill()
      fleet.behind = [second]
      // The lease lasts for 15 seconds, and the judgement begins anew with two intervals of grace.
      await fleet.beating([east], 8 * interval)
      assert.ok(second.log.lines.some(({ message }) => message === 'became leader'))
      assert.deepEqual(await fleet.calledLost(), [])
      await fleet.beating([east], 5 * interval)
      assert.deepEqual(await fleet.calledLost(), ['west'])
      assert.equal(await fleet.health('east'), 'True/Heartbeat')

      assert.ok((await fleet.telling(['first'])).length === 1, 'what the dead one told is still there')
      await fleet.beating([east], 10 * minute)
      assert.deepEqual(await fleet.telling(['first']), [])
      assert.deepEqual(await fleet.calledLost(), ['west'])
    }))

  it('is judged by the interval that members still follow when the next leader tells a shorter one', async () =>
    withFleet(pair, 'lowered', async (fleet) => {
      const slow = await fleet.lead('slow', { tells: 6 * interval })
      fleet.behind = [slow]
      const members = [await fleet.member('east'), await fleet.member('west'), await fleet.member('north')]
      await fleet.replicas.pass(minute)
      const own = async () => (await fleet.scene.cluster('primary-cluster-1'))?.status?.heartbeatInterval
      assert.equal(await own(), (6 * interval) / 1_000)

      await slow.stop()
      const fast = await fleet.replicas.start('fast')
      fleet.behind = [fast]
      await fleet.replicas.during(fast.log.line(({ message }) => message === 'became leader'))
      // Seven of the shorter intervals, and two of grace.
      await fleet.replicas.pass(10 * interval)
      assert.deepEqual(await fleet.calledLost(), [])
      assert.equal(
        (await fleet.scene.eventsOnPrimary()).filter(({ reason }) => reason === 'ManyHeartbeatsLost').length,
        0,
      )
      await fleet.beating(members, 7 * 6 * interval)
      assert.equal(await own(), interval / 1_000, 'nobody follows the longer one any more')
      await fleet.beating(members.slice(1), 8 * interval)
      assert.deepEqual(await fleet.calledLost(), ['east'])
    }))

  it('survives a rolling update, and costs nothing while there is one replica', async () =>
    withFleet(pair, 'update', async (fleet) => {
      const first = await fleet.lead('first')
      fleet.behind = [first]
      const members = [await fleet.member('east'), await fleet.member('west')]
      await fleet.beating(members, 2 * minute)
      assert.equal(await fleet.tellings('first'), 0)

      const second = await fleet.replicas.start('second')
      fleet.behind = [first, second]
      await fleet.beating(members, 2 * minute)
      const third = await fleet.replicas.start('third')
      fleet.behind = [second, third]
      await first.stop()
      await fleet.beating(members, 2 * minute)
      fleet.behind = [third]
      await second.stop()
      await fleet.beating(members, 2 * minute)

      assert.deepEqual(await fleet.calledLost(), [])
      assert.equal(await fleet.health('east'), 'True/Heartbeat')
      assert.deepEqual(await fleet.telling(['first', 'second']), [], 'who has stopped has taken back what it told')
      for (const replica of ['first', 'second', 'third']) {
        const told = await fleet.tellings(replica)
        assert.ok(told <= (6 * minute) / pace, `${replica} has told ${told} times in six minutes`)
      }
    }))
})
