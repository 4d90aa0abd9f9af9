/** A member changes its key on real control planes, with the rights of the chart, over a network that loses answers. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Front, startFront } from '../support/front.ts'
import { errorOf, identityOf, memberOf, rotate, suspicionOf, untilRotated } from '../support/key-change.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a member that changes its key', () => {
  let pair: Pair
  let scene: Scene
  let secondary: RoleProcess
  let front: Front
  let first: string
  before(async () => {
    pair = await startPair()
    scene = await pair.scene('turn', {
      scheme: 'http',
      secondaryFlags: { 'allow-insecure-primary-ingress': 'true' },
    })
    front = await startFront(() => scene.endpoint)
    await scene.startPrimary()
    secondary = await scene.startSecondary()
    await scene.bootstrap({ url: front.url })
    await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
    first = (await identityOf(scene)).key ?? ''
  })
  after(async () => {
    await pair.stop()
    await front.down()
  })

  it('has a new one on both sides, keeps the old one aside, and stays joined all the time', async () => {
    const before = await scene.clusterInfo()
    const joined = await scene.status()
    await rotate(scene, 'one')
    const second = await untilRotated(scene, 'one')
    assert.notEqual(second, first)
    assert.equal((await identityOf(scene)).previous, first)
    assert.equal((await memberOf(scene))?.previousKeyId, first)
    const { token, ...rest } = await until('mc-cluster-info follows', async () => {
      const info = await scene.clusterInfo()
      return info?.['token'] === before?.['token'] ? undefined : info
    })
    const { token: oldToken, ...same } = before ?? {}
    assert.deepEqual([rest, token === oldToken], [same, false])
    assert.deepEqual(await scene.status(), joined, 'the status tells of the join, and that has not changed')
    await scene.untilReady('east')
    const events = await until('an Event names both keys', async () =>
      (await scene.eventsOnPrimary()).filter(({ reason }) => reason === 'KeyChanged').at(0),
    )
    assert.ok(events.note?.includes(first) && events.note.includes(second), events.note)
  })

  it('whose answer is lost goes on with the old one, says so, and gets the very key that the primary took', async () => {
    const second = (await identityOf(scene)).key
    // Nonces come through, and whatever the primary signs is lost.
    front.behave({ kind: 'reset', spares: 401 })
    await rotate(scene, 'two')
    const taken = await until('the primary has taken a key', async () => {
      const member = await memberOf(scene)
      return member?.keyId === second ? undefined : member?.keyId
    })
    const error = await until('rotate-error is set', async () => errorOf(scene))
    assert.ok(error.includes(front.url), error)
    const { key, next } = await identityOf(scene)
    assert.deepEqual([key, next], [second, taken])
    front.behave({ kind: 'relay' })
    assert.equal(await untilRotated(scene, 'two'), taken)
    await until('rotate-error is gone', async () => (await errorOf(scene)) === undefined)
    assert.equal((await scene.status())?.['status'], 'Joined')
    assert.equal(await suspicionOf(scene), undefined)
  })

  it('whose process ends in between goes on with that key when it runs again', async () => {
    const third = (await identityOf(scene)).key
    // Nonces come through, and whatever the primary signs is lost.
    front.behave({ kind: 'reset', spares: 401 })
    await rotate(scene, 'three')
    const taken = await until('the primary has taken a key', async () => {
      const member = await memberOf(scene)
      return member?.keyId === third ? undefined : member?.keyId
    })
    await scene.stop(secondary)
    front.behave({ kind: 'relay' })
    secondary = await scene.startSecondary()
    assert.equal(await untilRotated(scene, 'three'), taken)
  })
})
