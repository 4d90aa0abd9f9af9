/** An interval that is lowered: members follow the longer one until they have heard of it, and are judged by that. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createFleet, interval } from './fleet.fixture.ts'

const second = 1_000
const long = 5 * interval

/** Who beats in a second, where these follow an interval of `every` milliseconds. */
const following = (names: readonly string[], every: number) => (elapsed: number) =>
  names.filter((name) => (elapsed - 3 * Number(name.replace('member-', ''))) % (every / second) === 0)

describe('members of a primary that tells a shorter interval than before', () => {
  it('are not called lost before they could hear of it, also where the leader changes twice, and no outage is told', async () => {
    const fleet = createFleet(10)
    const first = fleet.judge(() => long)
    await fleet.pass(2 * long, following(fleet.names, long), first)
    await first.stop()
    assert.equal(fleet.followed(), long / second)

    // Four of them are away for longer than seven of the shorter intervals, and two of grace.
    const away = fleet.names.slice(0, 4)
    const others = following(fleet.names.slice(4), interval)
    const next = fleet.judge()
    await fleet.pass(10 * interval, others, next)
    await next.stop()
    const last = fleet.judge()
    await fleet.pass(10 * interval, others, last)
    assert.deepEqual([fleet.lost(), fleet.degraded()], [[], undefined])
    assert.equal(fleet.followed(), long / second, 'a leader after this one would learn of it as well')

    // After seven of the longer ones nobody follows them who is not lost by them too.
    await fleet.pass(5 * long + interval, following(fleet.names, interval), last)
    assert.equal(fleet.followed(), interval / second)
    await fleet.pass(
      9 * interval,
      following(
        fleet.names.filter((name) => name !== away[0]),
        interval,
      ),
      last,
    )
    assert.deepEqual(fleet.lost(), away.slice(0, 1))
    await last.stop()
  })

  it('are not counted as silent before they could hear of it, when one of them is lost by what it was told', async () => {
    const fleet = createFleet(10)
    let told = long
    const judge = fleet.judge(() => told)
    const [dead = '', ...others] = fleet.names.toReversed()
    await fleet.pass(12 * long, following(fleet.names, long), judge)
    // Four of the others have just not beaten for more than three of the shorter intervals when it is lost.
    const late = others.slice(-4)
    const alive = (elapsed: number) => [
      ...following(late, long)(elapsed + 45),
      ...following(others.slice(0, -4), interval)(elapsed),
    ]
    await fleet.pass(3 * long, alive, judge)
    told = interval
    await fleet.pass(3 * long, alive, judge)
    assert.deepEqual(fleet.lost(), [])
    await fleet.pass(long / 2, alive, judge)
    assert.deepEqual([fleet.lost(), fleet.degraded()], [[dead], undefined])
    await judge.stop()
  })

  it('are judged by the longer one at once where the primary tells a longer one', async () => {
    const fleet = createFleet(5)
    const first = fleet.judge()
    await fleet.pass(2 * interval, following(fleet.names, interval), first)
    await first.stop()
    const next = fleet.judge(() => long)
    await fleet.pass(interval, () => [], next)
    assert.equal(fleet.followed(), long / second)
    await fleet.pass(10 * interval, () => [], next)
    assert.deepEqual(fleet.lost(), [])
    await next.stop()
  })
})
