/** The primary's signing key changes under two replicas and their members: nobody is lost, and a compromised one is gone. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { annotations } from '../../src/api/group.ts'
import { primaryIdentityName } from '../../src/api/primary-identity.ts'
import type { KubeEvent, Secret } from '../../src/kube/objects.ts'
import { announcedFor } from '../../src/primary/identity/roll.decide.ts'
import { readKeys, type StoredKeys } from '../../src/primary/identity/stored-keys.ts'
import { type ClockedFleet, clockedFleet } from '../support/clocked-fleet.ts'
import { interval } from '../support/clocked-replicas.ts'
import { createJoiner, type Joiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { until } from '../support/until.ts'

describe("the primary's signing key", { timeout: 240_000 }, () => {
  let pair: Pair
  let fleet: ClockedFleet

  before(async () => {
    pair = await startPair()
    fleet = await clockedFleet(pair, 'key-roll')
    const leader = await fleet.lead('leader')
    fleet.behind = [leader, await fleet.replicas.start('follower')]
  })

  after(async () => {
    await fleet.end()
    await pair.stop()
  })

  async function annotate(marks: Record<string, string>): Promise<void> {
    const values = Object.entries(marks).map(([name, value]) => `${name}=${value}`)
    await fleet.scene.atHome(['annotate', 'secret', primaryIdentityName, '--overwrite', ...values])
  }

  async function keys(): Promise<StoredKeys> {
    const secret = await fleet.scene.atHome(['get', 'secret', primaryIdentityName, '-o', 'json'])
    const stored = readKeys(JSON.parse(secret) as Secret)
    assert.ok(stored !== undefined)
    return stored
  }

  /** The keys, once they are so. */
  async function untilKeys(what: string, isSo: (now: StoredKeys) => boolean): Promise<StoredKeys> {
    return fleet.replicas.during(
      until(what, async () => {
        const now = await keys()
        return isSo(now) ? now : undefined
      }),
    )
  }

  const trusted = async (name: string) => (await fleet.scene.cluster(name))?.status?.primaryKeyId

  async function beat(member: Joiner): Promise<string> {
    await fleet.replicas.pass(interval)
    return fleet.replicas.during(member.beat())
  }

  it('rolls while members beat: who was away for all of it is led to the new key, and old join tokens admit', async () => {
    const { scene, replicas } = fleet
    const old = await replicas.during(scene.token('handed-out-before'))
    const [east, away] = [await fleet.member('east'), await fleet.member('away')]
    const first = (await keys()).current.thumbprint
    assert.deepEqual([await trusted('east'), await trusted('away')], [first, first])

    await annotate({ [annotations.rotate]: '1' })
    const announced = await untilKeys('a key is announced', ({ next }) => next !== undefined)
    const second = announced.next?.key.thumbprint
    assert.equal(announced.current.thumbprint, first)
    await fleet.beating([east], 4 * interval)
    assert.deepEqual([await trusted('east'), await trusted('away')], [second, first])
    assert.equal((await keys()).current.thumbprint, first, 'one member has not named it')

    await annotate({ [annotations.announcedAt]: new Date(Date.now() - announcedFor).toISOString() })
    const promoted = await untilKeys('the next key is current', ({ current }) => current.thumbprint === second)
    assert.deepEqual(
      promoted.retired.map(({ thumbprint }) => thumbprint),
      [first],
    )
    assert.equal(await beat(east), 'ok')

    const late = createJoiner()
    const outcome = await replicas.during(late.join({ ...old, name: 'late' }))
    assert.equal(outcome.kind, 'joined', 'its token is pinned to the retired key')
    assert.equal(await replicas.during(late.confirm()), 'ok')

    for (let told = 0; told < 3; told += 1) assert.equal(await beat(away), 'ok')
    assert.equal(await trusted('away'), second)
    const fresh = await replicas.during(scene.token('made-after'))
    const north = createJoiner()
    assert.equal((await replicas.during(north.join({ ...fresh, name: 'north' }))).kind, 'joined')
  })

  it('is given up where it is compromised: members are back with a new token, under their name and key', async () => {
    const { scene, replicas } = fleet
    const south = await fleet.member('south')
    const before = await scene.cluster('south')
    const lost = (await keys()).current.thumbprint
    await annotate({ [annotations.compromised]: lost })
    await untilKeys('another key is current', ({ current }) => current.thumbprint !== lost)

    await replicas.during(
      until('the token says so', async () => {
        const secret = JSON.parse(await scene.onPrimary(['get', 'secret', 'south', '-o', 'json'])) as Secret
        return secret.metadata.annotations?.[annotations.tokenError]?.startsWith('the token is pinned to a signing key')
      }),
    )
    await replicas.during(
      until('an Event says so', async () => {
        const events = await scene.onPrimary(['get', 'events.events.k8s.io', '-o', 'json'])
        return (JSON.parse(events) as { items: KubeEvent[] }).items.some(
          ({ reason, regarding }) => reason === 'TokenKeyRetired' && regarding.name === 'south',
        )
      }),
    )
    await assert.rejects(beat(south), { code: 'PrimaryKeyMismatch' })
    assert.equal((await scene.cluster('south'))?.metadata.uid, before?.metadata.uid)

    const fresh = await replicas.during(scene.token('south-again'))
    const outcome = await replicas.during(south.join({ ...fresh, name: 'south' }))
    assert.equal(outcome.kind, 'joined')
    assert.equal(await beat(south), 'ok')
    const now = await scene.cluster('south')
    assert.equal(now?.metadata.uid, before?.metadata.uid, 'it is the Cluster that it was')
    assert.deepEqual(now?.spec.member, before?.spec.member)
  })
})
