/** What other replicas tell: believed for what it says, for as long as it is true, and by no clock but the reader's. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeSightings, oldestSighting, sightingsName } from '../../../../src/api/sightings.ts'
import { createTold } from '../../../../src/primary/sightings/told.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { noon } from '../objects.fixture.ts'
import { cachedConfigMaps, healthy, seen } from './config-maps.fixture.ts'

function world() {
  const clock = createManualClock({ now: noon })
  const configMaps = cachedConfigMaps()
  const { log, lines } = createRecordingLog()
  const told = createTold({ informer: configMaps.informer, ownName: sightingsName('own'), clock, log })
  let news = 0
  told.onNews(() => {
    news += 1
  })
  return { clock, configMaps, told, lines, news: () => news }
}

describe('what another replica tells', () => {
  it('has the age that it was told with, and grows older by the clock of who reads it', async () => {
    const { clock, configMaps, told, news } = world()
    configMaps.write('other', [seen('uid-east', 5_000)])
    assert.equal(news(), 1)
    assert.deepEqual(told.contact('uid-east'), { at: noon - 5_000, age: 5_000, gap: Infinity, heartbeat: healthy })
    await clock.advance(7_000)
    assert.deepEqual(told.contact('uid-east'), { at: noon - 5_000, age: 12_000, gap: Infinity, heartbeat: healthy })
    assert.equal(told.contact('uid-west'), undefined)
  })

  it('is the youngest where several have heard a member, whoever told it last', async () => {
    const { clock, configMaps, told } = world()
    const faulty = { ...healthy, health: 'disk-full' }
    configMaps.write('other', [seen('uid-east', 1_000, faulty)])
    await clock.advance(2_000)
    configMaps.write('third', [seen('uid-east', 60_000)])
    assert.deepEqual(told.contact('uid-east'), { at: noon - 1_000, age: 3_000, gap: Infinity, heartbeat: faulty })
    configMaps.write('third', [seen('uid-east', 500)])
    assert.deepEqual(told.contact('uid-east'), { at: noon + 1_500, age: 500, gap: 2_500, heartbeat: healthy })
  })

  it('tells how long after the heartbeat before it came, whoever has heard that one', async () => {
    const { clock, configMaps, told } = world()
    const gap = () => told.contact('uid-east')?.gap
    configMaps.write('other', [seen('uid-east', 0, healthy, 21_000)])
    assert.equal(gap(), 21_000)
    await clock.advance(30_000)
    configMaps.write('other', [seen('uid-east', 0)])
    assert.equal(gap(), Infinity, 'it has heard none before: it was started anew')
    await clock.advance(20_000)
    configMaps.write('third', [seen('uid-east', 0)])
    assert.equal(gap(), 20_000, 'the one before was heard by the other')
  })

  it('does not take a heartbeat for two that is told twice', async () => {
    const { clock, configMaps, told } = world()
    configMaps.write('other', [seen('uid-east', 1_000)])
    await clock.advance(30_000)
    // The first time it was on its way for longer.
    configMaps.write('other', [seen('uid-east', 30_500)])
    assert.deepEqual(told.contact('uid-east'), { at: noon - 500, age: 30_500, gap: Infinity, heartbeat: healthy })
  })

  it('is one word in however many ConfigMaps', async () => {
    const { clock, configMaps, told } = world()
    configMaps.write('other', [seen('uid-west', 0)], noon, 0)
    configMaps.write('other', [seen('uid-east', 1_000)], noon, 1)
    configMaps.write('own', [seen('uid-north', 0)], noon, 1)
    assert.notEqual(told.contact('uid-west'), undefined)
    assert.equal(told.contact('uid-north'), undefined, 'what this replica has told itself')
    await clock.advance(30_000)
    configMaps.write('other', [seen('uid-west', 0), seen('uid-east', 30_500)], noon + 30_000, 0)
    assert.equal(told.contact('uid-east')?.gap, Infinity, 'the same heartbeat, now in the first one')
  })

  it('is not believed to be fresh where it was there before this process looked', () => {
    const { configMaps, told, news } = world()
    configMaps.first(() => configMaps.write('other', [seen('uid-east', 0)]))
    assert.equal(told.contact('uid-east'), undefined)
    assert.equal(news(), 0)
    assert.ok(told.hasOthers(), 'but there is somebody to tell')
    configMaps.write('other', [seen('uid-east', 100)])
    assert.equal(told.contact('uid-east')?.age, 100)
  })

  it('grows no younger by a label that somebody puts on it', async () => {
    const { clock, configMaps, told } = world()
    const content = encodeSightings('other', noon, [seen('uid-east', 0)])
    configMaps.put('other', content)
    await clock.advance(600_000)
    configMaps.put('other', { ...content, metadata: { name: '', labels: { theirs: 'yes' } } })
    assert.equal(told.contact('uid-east')?.age, 600_000)
    assert.equal(told.silentFor(600_000).length, 1)
  })

  it('is taken in where the same is true half a minute later', async () => {
    const { clock, configMaps, told } = world()
    configMaps.write('other', [seen('uid-east', 0)], noon)
    await clock.advance(30_000)
    configMaps.write('other', [seen('uid-east', 0)], noon + 30_000)
    assert.equal(told.contact('uid-east')?.age, 0)
  })

  it('outlives its replica, for as long as that one would have repeated it', async () => {
    const { clock, configMaps, told } = world()
    configMaps.write('other', [seen('uid-east', 0)])
    configMaps.remove('other')
    assert.ok(!told.hasOthers())
    await clock.advance(oldestSighting)
    configMaps.write('third', [])
    assert.equal(told.contact('uid-east')?.age, oldestSighting)
    await clock.advance(1)
    configMaps.write('third', [], noon)
    assert.equal(told.contact('uid-east'), undefined)
  })

  it('is left alone where it cannot be read, and one line of the log says so', () => {
    const { configMaps, told, lines, news } = world()
    const ofNewerVersion = (written: string) => configMaps.put('other', { data: { form: '3', written } })
    ofNewerVersion('now')
    ofNewerVersion('later')
    assert.equal(news(), 0)
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields['configMap']]),
      [['warn', sightingsName('other')]],
    )
    configMaps.write('third', [seen('uid-east', 0)])
    assert.equal(told.contact('uid-east')?.age, 0)
  })
})

describe('the run of a member that another replica has heard last', () => {
  it('is told with its age, and stays who it is however late that is read', async () => {
    const { clock, configMaps, told } = world()
    configMaps.write('other', [seen('uid-east', 5_000, healthy, Infinity, 'runA')])
    await clock.advance(1_000)
    assert.deepEqual(told.run('uid-east'), { run: 'runA', age: 6_000 })
    configMaps.write('third', [seen('uid-east', 60_000, healthy, Infinity, 'runB')])
    assert.deepEqual(told.run('uid-east'), { run: 'runA', age: 6_000 })
    configMaps.write('third', [seen('uid-east', 0, healthy, Infinity, 'runB')])
    assert.deepEqual(told.run('uid-east'), { run: 'runB', age: 0 })
    assert.equal(told.run('uid-west'), undefined)
  })

  it('is unknown where an older version tells, and the member is heard all the same', () => {
    const { configMaps, told } = world()
    const { data, binaryData } = encodeSightings('other', noon, [seen('uid-east', 0)])
    configMaps.put('other', { data, binaryData: { members: binaryData['members'] ?? '' } })
    assert.equal(told.run('uid-east'), undefined)
    assert.equal(told.contact('uid-east')?.age, 0)
  })
})

describe("a replica's own ConfigMap", () => {
  it('tells it nothing, and is nobody to tell', () => {
    const { configMaps, told, news } = world()
    configMaps.write('own', [seen('uid-east', 0)])
    assert.equal(told.contact('uid-east'), undefined)
    configMaps.write('own', [seen('uid-east', 0)], noon, 1)
    assert.ok(!told.hasOthers())
    assert.equal(news(), 0)
  })
})

describe('a ConfigMap that nobody rewrites', () => {
  it('is silent for as long as this process has looked, also where it was there before', async () => {
    const { clock, configMaps, told } = world()
    const silent = (ms: number) => told.silentFor(ms).map(({ metadata }) => metadata.name)
    configMaps.first(() => configMaps.write('gone', []))
    configMaps.write('own', [])
    await clock.advance(600_000)
    configMaps.write('other', [])
    assert.deepEqual(silent(600_000), [sightingsName('gone'), sightingsName('own')])
    assert.deepEqual(silent(600_001), [])
    configMaps.write('gone', [seen('uid-east', 0)])
    configMaps.remove('own')
    assert.deepEqual(silent(600_000), [])
  })
})
