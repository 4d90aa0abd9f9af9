import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { annotations as names } from '../../../../src/api/group.ts'
import { explain, ProtocolError } from '../../../../src/protocol/errors.ts'
import { noContact } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import { type JoinerWorld, joined, joinerWorld, mcJoin, read } from './joiner-world.fixture.ts'

let world: JoinerWorld
beforeEach(() => {
  world = joinerWorld()
})

describe('a join, step by step', () => {
  it('stores the key world.first, then the membership, then mc-cluster-info, and beats last', async () => {
    assert.equal((await world.ask()).kind, 'decide')
    assert.deepEqual(world.steps, [
      'write mc-identity',
      'exchange',
      'write mc-identity',
      'write mc-cluster-info',
      'beat',
    ])
    assert.equal(world.joiner.attempts(world.pass()).isAdmitted, true)
  })

  it('ends with all that is to be decided by, so that nothing is read again', async () => {
    const step = await world.ask()
    assert.ok(step.kind === 'decide')
    assert.equal(step.pass.identity?.joined?.membership.clusterName, 'east')
    assert.deepEqual(step.pass.objects.clusterInfo, world.written.get('mc-cluster-info'))
  })

  it('says nothing of content that was replaced while it was confirmed', async () => {
    world.onBeat = () => world.joiner.contentChanged('another')
    assert.deepEqual(await world.ask(), { kind: 'again', afterMs: 0 })
  })

  it('says that it asks while the key is made, and asks when both are stored', async () => {
    const stored = Promise.withResolvers<void>()
    world.storing = stored.promise
    world.first = { status: 'Joining', msg: '', hash: '' }
    const asking = world.ask()
    await nextTurn()
    assert.deepEqual(world.steps, ['write mc-join-status Joining', 'write mc-identity'])
    stored.resolve()
    await asking
    assert.equal(world.steps[2], 'exchange')
  })

  it('says why it does not ask when the world.first words are stored, so that they do not come last', async () => {
    const stored = Promise.withResolvers<void>()
    world.storing = stored.promise
    world.first = { status: 'Joining', msg: '', hash: '' }
    world.isPrimary = true
    const asking = world.ask()
    await nextTurn()
    assert.deepEqual(world.steps, ['write mc-join-status Joining'])
    stored.resolve()
    await asking
    const said = Buffer.from(world.written.get('mc-join-status')?.data?.['msg'] ?? '', 'base64').toString()
    assert.match(said, /^RoleConflict: /)
  })

  it('does not ask where it cannot say so', async () => {
    world.storing = Promise.reject(new Error('no answer'))
    world.first = { status: 'Joining', msg: '', hash: '' }
    await assert.rejects(world.ask(), { message: 'no answer' })
    assert.deepEqual(world.steps, ['write mc-join-status Joining', 'write mc-identity'])
  })

  it('stores nothing of an admission when mc-join has changed since', async () => {
    world.outcome = async () => {
      world.given = { ...world.given, join: mcJoin('https://other.example') }
      return joined
    }
    assert.deepEqual(await world.ask(), { kind: 'again', afterMs: 0 })
    assert.deepEqual(world.steps, ['write mc-identity', 'exchange'])
  })

  it('says nothing of a refusal when mc-join has been deleted since', async () => {
    world.outcome = async () => {
      world.given = { join: undefined, config: undefined }
      return { kind: 'refused', refusal: { code: 'TokenInvalid', msg: '' } }
    }
    await world.ask()
    assert.deepEqual(world.steps, ['write mc-identity', 'exchange'])
  })

  it('is dropped by other content, not by news of its own, and counts no try', async () => {
    world.outcome = async () => {
      world.joiner.contentChanged(read(world.given).hash)
      return joined
    }
    await world.ask()
    assert.ok(world.steps.includes('write mc-cluster-info'))

    world.steps = []
    world.outcome = async () => {
      world.joiner.contentChanged('another')
      return joined
    }
    assert.deepEqual(await world.ask(), { kind: 'done' })
    assert.deepEqual(world.steps, ['write mc-identity', 'exchange'])
    assert.equal(world.joiner.attempts(world.pass()).count, 0)
  })

  it('repeats a world.first heartbeat that was lost, and not the exchange', async () => {
    world.contact = { ...noContact(), failure: new ProtocolError('ConnectTimeout', 'a', { remedy: 'b' }) }
    assert.deepEqual(await world.ask(), { kind: 'again', afterMs: 1_000 })
    assert.deepEqual(world.steps.slice(-2), ['beat', 'write mc-join-status Joining'])
    assert.equal(world.joiner.attempts(world.pass()).isAdmitted, true)

    world.steps = []
    world.contact = { ...noContact(), word: { kind: 'ok' } }
    assert.equal((await world.joiner.confirm(world.pass())).kind, 'decide')
    assert.deepEqual(world.steps, ['beat'])
  })

  it('asks anew when the primary does not know what it has admitted', async () => {
    world.contact = { ...noContact(), word: { kind: 'unknown' } }
    await world.ask()
    assert.equal(world.joiner.attempts(world.pass()).isAdmitted, false)
    assert.equal(world.steps.at(-1), 'write mc-join-status Joining')
  })

  it('records a refusal in the words of the primary, and asks no more', async () => {
    const msg = 'NameTaken: the name east is taken; ask for east-1f2e'
    world.outcome = async () => ({ kind: 'refused', refusal: { code: 'NameTaken', msg } })
    assert.deepEqual(await world.ask(), { kind: 'done' })
    assert.equal(world.steps.at(-1), 'write mc-join-status Rejected')
    const said = world.written.get('mc-join-status')?.data?.['msg'] ?? ''
    assert.equal(Buffer.from(said, 'base64').toString(), msg)
    assert.equal(world.joiner.attempts(world.pass()).isRefused, true)
  })

  it('repeats nothing of a refusal that would write more than letters on a terminal', async () => {
    for (const trick of ['\u001b[2J', '\u009b2J', '\u202e', '\u2028', '\u200b', '\ud800']) {
      const msg = `NameTaken: ${trick}all is well`
      world.outcome = async () => ({ kind: 'refused', refusal: { code: 'NameTaken', msg } })
      await world.ask()
      const said = Buffer.from(world.written.get('mc-join-status')?.data?.['msg'] ?? '', 'base64').toString()
      assert.equal(said, explain('NameTaken'), JSON.stringify(trick))
    }
  })

  it('waits as long as a busy primary asks, and says how often it has tried', async () => {
    world.outcome = async () => {
      throw new ProtocolError('Busy', 'a', { retryAfterMs: 7_000 })
    }
    assert.deepEqual(await world.ask(), { kind: 'again', afterMs: 7_000 })
    const annotations = world.written.get('mc-join-status')?.metadata.annotations
    assert.equal(annotations?.[names.attempts], '1')
  })

  it('makes no key where this cluster is a primary itself', async () => {
    world.isPrimary = true
    await world.ask()
    assert.deepEqual(world.steps, ['write mc-join-status Joining'])
  })
})
