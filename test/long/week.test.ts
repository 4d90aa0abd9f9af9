/**
 * A week in minutes: secondaries and replicas of a primary live through changes of leader, partitions, wrong clocks, joins
 * and departures, and afterwards everything that they say is true. The API server is real, and time is the test's.
 *
 * `WEEK_SEED` lives another week, `WEEK_HOURS` and `WEEK_MEMBERS` a shorter or a smaller one.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { mcClusterInfoName } from '../../src/api/mc-cluster-info.ts'
import { mcIdentityName } from '../../src/api/mc-identity.ts'
import { primaryIdentityName } from '../../src/api/primary-identity.ts'
import { type Secret, secretKind } from '../../src/kube/objects.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { installDefinitions, usualPrimary } from '../../tools/installation.ts'
import { assertAllWouldBeFound, secretsIn, tokenSecrets } from '../support/scene-secrets.ts'
import { type KnownSecret, searchSecrets } from '../support/secret-search.ts'
import { beginLife, type Life } from './week-life.ts'
import { usedMemory } from './week-memory.ts'
import { planWeek, seededRandom } from './week-plan.ts'
import { type Tally, tallyWrites } from './week-tally.ts'
import { createWorld, type World } from './week-world.ts'

const minute = 60_000
const hour = 60 * minute
/** The longest that a primary may set. */
const interval = 10 * minute
const hours = Number(process.env['WEEK_HOURS'] ?? 8)
const size = Number(process.env['WEEK_MEMBERS'] ?? 40)
const seed = Number(process.env['WEEK_SEED'] ?? Date.now() % 1_000_000)
/** A day of a whole week. */
const day = Math.max(1, Math.floor(hours / 7))
const replicas = 2
/** No replica tells the others more often whom it has heard. */
const tellingsAnHour = 120

describe(`a week of ${hours} hours with ${size} members (WEEK_SEED=${seed})`, { timeout: 1_200_000 }, () => {
  let controlPlane: ControlPlane
  let world: World
  let life: Life
  let tally: Tally
  /** In use at the end of each seventh of the time, bytes. */
  const memory: number[] = []
  let livedHours = 0

  before(async () => {
    controlPlane = await startControlPlane({ name: 'primary' })
    await installDefinitions(controlPlane)
    world = await createWorld({ controlPlane, replicas, interval, random: seededRandom(seed) })
    life = await beginLife(world)
    for (let joined = 0; joined < size; joined += 1) {
      life.join()
      await world.pass(1_000)
    }
    await world.until('all have joined', () =>
      [...life.members].every((member) => member.status()?.status === 'Joined'),
    )
    tally = await tallyWrites(controlPlane.auditLog, `system:serviceaccount:${usualPrimary.home}:conjoin-primary`)
    await live()
  })

  after(async () => {
    await world?.end()
    await controlPlane.stop()
  })

  async function live(): Promise<void> {
    const begin = world.timeline.elapsed()
    const until = async (at: number) => world.pass(Math.max(0, begin + at - world.timeline.elapsed()))
    const plan = planWeek({ hours, seed })
    for (; livedHours < hours; livedHours += 1) {
      for (const happening of plan.filter(({ at }) => Math.floor(at / hour) === livedHours)) {
        await until(happening.at)
        await life.happen(happening)
      }
      await until((livedHours + 1) * hour)
      await life.lookWhoIsOut()
      await tally.read()
      if (livedHours % day === day - 1) memory.push(usedMemory())
    }
    life.heal()
    // Two heartbeats of everybody, and what a replica tells the other after them.
    await world.pass(3 * interval)
    await life.lookWhoIsOut()
  }

  it('leaves every membership true on both sides', () => {
    const now = world.timeline.elapsed()
    const sides = [...life.members].map((member) => {
      const { status, spec, metadata } = world.ledger.cluster(member.name) ?? {}
      const conditions = status?.conditions?.map(({ type, status: is, reason }) => `${type}=${is}/${reason}`)
      return {
        name: metadata?.name,
        uid: [status?.id, spec?.member?.uid],
        conditions: conditions?.toSorted(),
        lastSeenWithinTwoHours: Math.abs(Date.parse(status?.lastSeen ?? '') - member.clock.now()) < 2 * hour,
        said: { status: member.status()?.status, msg: member.status()?.msg },
        hasInfo: member.objects.stored(mcClusterInfoName) !== undefined,
        heardWithinTwoIntervals: now - (member.heardAt() ?? -Infinity) < 2 * interval,
      }
    })
    const truth = [...life.members].map(({ name, uid }) => ({
      name,
      uid: [uid, uid],
      conditions: ['Healthy=True/Heartbeat', 'Joined=True/Joined', 'Ready=True/Joined'],
      lastSeenWithinTwoHours: true,
      said: { status: 'Joined', msg: '' },
      hasInfo: true,
      heardWithinTwoIntervals: true,
    }))
    assert.deepEqual(sides, truth)
  })

  it('leaves nobody else behind: who left, was disconnected or refused is out, and knows why', () => {
    const left = [...life.leaving].map(([member]) => [member.name, member.status()])
    assert.deepEqual(left, [])
    assert.ok(life.gone() >= hours, `${life.gone()} have gone`)
    const names = world.ledger.clusters().map(({ metadata }) => metadata.name)
    assert.deepEqual(names.toSorted(), ['primary', ...[...life.members].map(({ name }) => name)].toSorted())
  })

  it('calls nobody lost who was heard within the limit', () => {
    assert.deepEqual(world.falseAlarms, [])
  })

  it('calls lost who was silent for hours', () => {
    const long = life.silences.filter(({ ms }) => ms > 3 * hour)
    assert.ok(long.length >= Math.floor(hours / 6), `${long.length} were silent for hours`)
    assert.deepEqual(
      long.filter(({ wasCalledLost }) => !wasCalledLost),
      [],
    )
  })

  it('uses no more memory on its last day than on its first', () => {
    const [first = 0] = memory
    const last = memory.at(-1) ?? Infinity
    assert.ok(last <= first * 1.1 + 4e6, `bytes in use at the end of each day: ${memory.join(', ')}`)
  })

  it('costs few writes', () => {
    const writes = Object.fromEntries(world === undefined ? [] : tally.writes)
    console.log('writes:', writes)
    const told = tally.writes.get('patch configmaps') ?? 0
    assert.ok(told <= replicas * hours * tellingsAnHour, `told ${told} times`)
    const statuses = tally.writes.get('patch clusters/status') ?? 0
    // lastSeen once an hour; joins and what is called lost and found again.
    assert.ok(statuses <= size * hours * 1.2 + 10 * hours, `${statuses} writes of a status`)
  })

  it('tells no secret in any log', async () => {
    const held = [...life.members].flatMap(({ objects }) =>
      [mcIdentityName, mcClusterInfoName].flatMap((name) => objects.stored(name) ?? []),
    )
    const { admin } = world
    const own = await admin.get<Secret>(secretKind, { namespace: usualPrimary.home, name: primaryIdentityName })
    const secrets: readonly KnownSecret[] = [
      ...[...held, ...(own === undefined ? [] : [own])].flatMap(secretsIn),
      ...life.tokens.flatMap((token) => tokenSecrets('a join token', token)),
    ]
    assertAllWouldBeFound(secrets.slice(0, 8))
    const find = () => searchSecrets([{ where: 'the logs', text: world.witness.words() }], secrets)
    assert.deepEqual(find(), [])
    world.witness.logger('test').info({ planted: `before ${life.tokens[0]} after` }, 'told')
    assert.ok(find().length > 0, 'what is planted is found')
  })
})
