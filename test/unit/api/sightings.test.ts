/** What one replica tells the others: nothing is lost on the way, nothing grows without bound, nothing odd is read. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import {
  decodeSightings,
  encodeSightings,
  firstPartOf,
  memberId,
  oldestSighting,
  readLastSeen,
  runId,
  type Sighting,
  sightingsName,
  splitSightings,
} from '../../../src/api/sightings.ts'

const noon = Date.UTC(2030, 0, 5, 12)
const healthy = { versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }
const seen = (
  uid: string,
  age: number,
  heartbeat: Sighting['heartbeat'] = healthy,
  gap = Number.POSITIVE_INFINITY,
  run = 'run1',
): Sighting => ({
  uid,
  age,
  gap,
  heartbeat,
  run,
})
/** What Kubernetes counts against the megabyte of a ConfigMap. */
const sizeOf = ({ data, binaryData }: ReturnType<typeof encodeSightings>) =>
  Object.values(data).join('').length +
  Object.values(binaryData).reduce((bytes, value) => bytes + Buffer.from(value, 'base64').length, 0)

const word = fc.stringMatching(/^[A-Za-z0-9.+_-]{1,64}$/)
const heartbeat = fc
  .tuple(word, word, word, fc.option(fc.stringMatching(/^[A-Za-z0-9_-]{43}$/)))
  .map(([operator, kubernetes, health, kid]) => ({
    versions: { operator, kubernetes },
    health,
    ...(kid === null ? {} : { kid }),
  }))
const sighting: fc.Arbitrary<Sighting> = fc
  .tuple(
    fc.stringMatching(/^[A-Za-z0-9-]{1,64}$/),
    // The monotonic clock has fractions of a millisecond.
    fc.integer({ min: 0, max: 4 * oldestSighting }),
    fc.oneof(fc.constant(healthy), heartbeat),
    fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 4 * oldestSighting })),
    fc.tuple(word, word).map(([keyId, boot]) => runId(keyId, boot)),
  )
  .map(([uid, quarters, heartbeat, gap, run]) => seen(uid, quarters / 4, heartbeat, gap / 4, run))
const wall = fc.integer({ min: 0, max: Date.UTC(9999, 0) }).map((ms) => ms - (ms % 1000))

describe('sightings that are told', () => {
  it('arrive whole: who, what he said, in which run, how long ago, and how long after the time before, to a tenth of a second and never younger', () => {
    fc.assert(
      fc.property(wall, fc.array(sighting), (written, sightings) => {
        const [part = []] = splitSightings(sightings)
        const told = decodeSightings(encodeSightings('pod-1', written, part))
        assert.equal(told?.written, written)
        const sent = sightings.filter(({ age }) => age <= oldestSighting)
        assert.deepEqual(
          told.members.map(({ member, heartbeat, run }) => ({ member, heartbeat, run })),
          sent.map(({ uid, heartbeat, run }) => ({ member: memberId(uid), heartbeat, run })),
        )
        for (const [index, { age, gap }] of told.members.entries()) {
          const late = age - Number(sent[index]?.age)
          assert.ok(late >= 0 && late < 100, `${late} ms`)
          const longer = gap === Infinity ? 0 : gap - Number(sent[index]?.gap)
          assert.ok(longer >= 0 && longer < 100, `${longer} ms`)
          assert.equal(gap === Infinity, Number(sent[index]?.gap) > oldestSighting - 100)
        }
      }),
    )
  })

  it('take less than a quarter of an object for 10,000 members that say the same', () => {
    const fleet = Array.from({ length: 10_000 }, (_, index) => seen(`uid-${index}`, index))
    const content = encodeSightings('pod-1', noon, fleet)
    assert.ok(sizeOf(content) < 245_000, `${sizeOf(content)} bytes`)
    assert.equal(decodeSightings(content)?.members.length, 10_000)
  })

  it('take as many objects as they need, whatever members say, and nobody is left out', () => {
    const long = (index: number) => String(index).padStart(64, 'x')
    const wordy = Array.from({ length: 12_000 }, (_, index) =>
      seen(`uid-${index}`, index * 100, {
        versions: { operator: long(index), kubernetes: long(index) },
        health: long(index),
      }),
    )
    const silent = Array.from({ length: 90_000 }, (_, index) => seen(`uid-${index}`, index))
    for (const [fleet, most] of [
      [wordy, 4],
      [silent, 3],
    ] as const) {
      const parts = splitSightings(fleet).map((part) => encodeSightings('pod-1', noon, part))
      assert.ok(parts.length > 1 && parts.length <= most, `${parts.length} objects`)
      for (const content of parts) assert.ok(sizeOf(content) < 1_000_000, `${sizeOf(content)} bytes`)
      const told = parts.flatMap((content) => decodeSightings(content)?.members ?? [])
      assert.deepEqual(
        told.map(({ member }) => member),
        fleet.map(({ uid }) => memberId(uid)),
      )
    }
    assert.deepEqual(splitSightings([]), [[]])
  })

  it('are read from a version that tells of no runs, and read by it', () => {
    const { data, binaryData } = encodeSightings('pod-1', noon, [seen('uid-east', 0)])
    const { runs, ...older } = binaryData
    assert.notEqual(runs, undefined)
    const [east] = decodeSightings({ data, binaryData: older })?.members ?? []
    assert.deepEqual(east, { member: memberId('uid-east'), age: 0, gap: Infinity, heartbeat: healthy, run: undefined })
    // The form that it knows, and what it reads of it.
    assert.equal(data['form'], '2')
    assert.equal(Buffer.from(older['members'] ?? '', 'base64').length, 21)
  })

  it('leave out who has been silent for longer than an entry can say', () => {
    const [part = []] = splitSightings([seen('uid-east', oldestSighting), seen('uid-west', oldestSighting + 1)])
    assert.deepEqual(
      part.map(({ uid }) => uid),
      ['uid-east'],
    )
    const told = decodeSightings(encodeSightings('pod-1', noon, part))
    assert.deepEqual(
      told?.members.map(({ age }) => age),
      [oldestSighting],
    )
  })

  it('tell members apart whose uids differ in one character', () => {
    assert.notEqual(memberId('uid-east'), memberId('uid-easT'))
    assert.match(memberId('x'.repeat(64)), /^[\w-]{20}$/)
  })
})

describe('sightings that cannot be read', () => {
  const good = encodeSightings('pod-1', noon, [seen('uid-east', 0)])
  const cases: readonly (readonly [string, Parameters<typeof decodeSightings>[0]])[] = [
    ['of a form to come', { ...good, data: { ...good.data, form: '3' } }],
    ['without data', { binaryData: good.binaryData }],
    ['without members', { data: good.data }],
    ['cut in the middle of an entry', { ...good, binaryData: { members: Buffer.alloc(20).toString('base64') } }],
    ['with a date that is none', { ...good, data: { ...good.data, written: 'yesterday' } }],
    ['with words that are no JSON', { ...good, data: { ...good.data, heartbeats: '[{' } }],
    ['with a heartbeat that is none', { ...good, data: { ...good.data, heartbeats: '[{"health":"all is well"}]' } }],
    ['with an entry that points to no heartbeat', { ...good, data: { ...good.data, heartbeats: '[]' } }],
  ]
  for (const [what, content] of cases)
    it(`are nothing: ${what}`, () => {
      assert.notEqual(decodeSightings(good), undefined)
      assert.equal(decodeSightings(content), undefined)
    })

  it('do not throw, whatever they hold', () => {
    const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom(...Object.values(good.data)))
    const data = fc.dictionary(fc.constantFrom('form', 'written', 'heartbeats'), text)
    const binaryData = fc.dictionary(fc.constantFrom('members'), fc.oneof(fc.base64String(), fc.string()))
    fc.assert(
      fc.property(data, binaryData, (data, binaryData) => {
        decodeSightings({ data: { ...good.data, ...data }, binaryData: { ...good.binaryData, ...binaryData } })
      }),
    )
  })

  it('are read where a newer writer has only added to them', () => {
    const content = { data: { ...good.data, more: 'to come' }, binaryData: { ...good.binaryData, more: 'AA==' } }
    assert.equal(decodeSightings(content)?.members.length, 1)
  })
})

describe('the ConfigMap of a replica', () => {
  it('has a valid name of its own, whatever the replica is called', () => {
    const identities = ['conjoin-primary-5d8f-x7', 'conjoin-primary-5d8f-x8', 'A_B', '', 'x'.repeat(300), 'ä/ö']
    const names = identities.map((identity) => sightingsName(identity))
    for (const name of names) assert.match(name, /^conjoin-sightings-[0-9a-f]{16}$/)
    assert.equal(new Set(names).size, identities.length)
    for (const [index, identity] of identities.entries()) {
      assert.equal(sightingsName(identity, 12), `${names[index]}.12`)
      assert.equal(firstPartOf(sightingsName(identity, 12)), names[index])
      assert.equal(firstPartOf(sightingsName(identity)), names[index])
    }
  })
})

describe('when a member was last seen, for people,', () => {
  it('is the latest that any replica tells, by the clock of that replica', () => {
    const lastSeen = readLastSeen([
      encodeSightings('pod-1', noon - 10_000, [seen('uid-east', 2_000)]),
      { data: { form: 'of a newer version' } },
      encodeSightings('pod-2', noon, [seen('uid-east', 90_000), seen('uid-west', 5_000)]),
    ])
    assert.equal(lastSeen('uid-east'), '2030-01-05T11:59:48Z')
    assert.equal(lastSeen('uid-west'), '2030-01-05T11:59:55Z')
    assert.equal(lastSeen('uid-north'), undefined)
  })
})
