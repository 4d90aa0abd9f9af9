/** Many members that fall silent at once: what their Clusters and the primary's own say of it, and for how long. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFleet, type Fleet, interval, type Judge } from './fleet.fixture.ts'

const minute = 60_000
/** Each of them once in each interval, one after the other. */
const regularly = (names: readonly string[]) => (second: number) =>
  names.filter((name) => (second - 3 * Number(name.replace('member-', ''))) % (interval / 1_000) === 0)

/** A fleet that has been heard for a while, by one process that leads. */
async function running(size: number): Promise<{ fleet: Fleet; judge: Judge }> {
  const fleet = createFleet(size)
  const judge = fleet.judge()
  await fleet.pass(2 * minute, regularly(fleet.names), judge)
  return { fleet, judge }
}

describe('more than three in ten members that fall silent at once', () => {
  it('are not called lost: the primary says how many they are, and nothing more is written', async () => {
    const { fleet, judge } = await running(10)
    const before = fleet.writes()
    await fleet.pass(9 * minute, regularly(fleet.names.slice(4)), judge)
    assert.deepEqual(fleet.lost(), [])
    const message =
      '4 of 10 clusters fell silent at once, so the fault is likely on this side: see the network in front of this primary; their Healthy stays as it was until they are heard, for 10 minutes at most'
    assert.equal(fleet.degraded(), message)
    assert.equal(fleet.verdict('primary-cluster-1', 'ConnectivityDegraded'), 'True/ManyHeartbeatsLost')
    assert.equal(fleet.verdict('primary-cluster-1', 'Ready'), 'True/Primary')
    assert.equal(fleet.writes() - before, 1, 'the condition alone')
    assert.deepEqual(judge.announced, [`primary-cluster-1 ManyHeartbeatsLost: ${message}`])
    await judge.stop()
  })

  it('are judged one by one when the others are back, and have had five intervals to follow the first of them', async () => {
    const { fleet, judge } = await running(10)
    await fleet.pass(4 * minute, regularly(fleet.names.slice(4)), judge)
    assert.notEqual(fleet.degraded(), undefined)
    await fleet.pass(4 * interval, regularly(fleet.names.slice(2)), judge)
    assert.deepEqual(fleet.lost(), [])
    await fleet.pass(3 * interval, regularly(fleet.names.slice(2)), judge)
    assert.deepEqual(fleet.lost(), ['member-0', 'member-1'])
    assert.equal(fleet.degraded(), undefined)
    assert.equal(fleet.verdict('member-2', 'Healthy'), 'True/Heartbeat')
    assert.equal(judge.announced.length, 1)
    await judge.stop()
  })

  it('are called lost after thirty intervals, because a real loss is not hidden for longer', async () => {
    const { fleet, judge } = await running(10)
    const rest = fleet.names.slice(4)
    // The last heartbeat was one interval ago, and the outage was noticed after seven.
    await fleet.pass(6 * interval + 30 * interval - 1_000, regularly(rest), judge)
    assert.deepEqual(fleet.lost(), [])
    await fleet.pass(2 * interval, regularly(rest), judge)
    assert.deepEqual(fleet.lost(), fleet.names.slice(0, 4))
    assert.equal(fleet.degraded(), undefined)
    await judge.stop()
  })

  it('are withheld again at the next outage, after one that was told', async () => {
    const { fleet, judge } = await running(20)
    await fleet.pass(40 * interval, regularly(fleet.names.slice(7)), judge)
    assert.equal(fleet.lost().length, 7)
    await fleet.pass(12 * interval, () => [], judge)
    assert.equal(fleet.lost().length, 7, 'the other 13 of 20 have fallen silent together')
    assert.notEqual(fleet.degraded(), undefined)
    await judge.stop()
  })

  it('stay withheld under another leader, and no longer than under the first', async () => {
    const { fleet, judge } = await running(10)
    const rest = fleet.names.slice(4)
    await fleet.pass(10 * interval, regularly(rest), judge)
    const message = fleet.degraded()
    assert.notEqual(message, undefined)
    await judge.stop()
    const next = fleet.judge()
    await fleet.pass(20 * interval, regularly(rest), next)
    assert.deepEqual(fleet.lost(), [])
    assert.equal(fleet.degraded(), message, 'not written anew')
    await fleet.pass(10 * interval, regularly(rest), next)
    assert.deepEqual(fleet.lost(), fleet.names.slice(0, 4))
    assert.equal(fleet.degraded(), undefined)
    await next.stop()
  })
})

describe('members that fall silent at once', () => {
  for (const [size, silent] of [
    [10, 3],
    [2, 2],
    [5, 2],
  ] as const)
    it(`are called lost one by one where they are few: ${silent} of ${size}`, async () => {
      const { fleet, judge } = await running(size)
      await fleet.pass(10 * interval, regularly(fleet.names.slice(silent)), judge)
      assert.deepEqual(fleet.lost(), fleet.names.slice(0, silent))
      assert.equal(fleet.degraded(), undefined)
      await judge.stop()
    })

  it('are called lost one by one where they do so one after the other', async () => {
    const { fleet, judge } = await running(10)
    for (let gone = 1; gone <= 6; gone += 1) await fleet.pass(5 * interval, regularly(fleet.names.slice(gone)), judge)
    assert.deepEqual(fleet.lost(), fleet.names.slice(0, 5))
    assert.deepEqual(judge.announced, [])
    await judge.stop()
  })
})

describe('a primary of 5,000 members', () => {
  /** Spread over the interval, each a fifth earlier or later than the last time. */
  function spread(names: readonly string[], from: number) {
    const due = new Map(names.map((name, index) => [name, from + ((index * 7) % 40)]))
    return (second: number) => {
      const beating = names.filter((name) => (due.get(name) ?? 0) <= second)
      for (const name of beating) due.set(name, second + 16 + ((second + name.length * 3) % 9))
      return beating
    }
  }

  it('calls nobody lost when it starts anew, nor after a change of leader, and writes nothing', async () => {
    const fleet = createFleet(5_000)
    const first = fleet.judge()
    await fleet.clock.advance(0)
    const started = fleet.writes()
    assert.equal(started, 1, 'the status of its own Cluster, which has none yet')
    await fleet.pass(5 * interval, spread(fleet.names, 1), first)
    await first.stop()
    const second = fleet.judge()
    // Those that found nobody wait for up to two intervals, and the last of them come late.
    const beats = spread(fleet.names.slice(1), 10)
    await fleet.pass(8 * interval, beats, second)
    assert.equal(fleet.writes(), started)
    await fleet.pass(2 * interval, beats, second)
    assert.deepEqual(fleet.lost(), ['member-0'], 'the one that never came back')
    assert.deepEqual([first.announced, second.announced], [[], []])
    await second.stop()
  })
})
