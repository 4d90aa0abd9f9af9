/** Two secondaries with one uid and one key: both sides hear of it, and another key shuts one of them out. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { copySecrets } from '../support/copy-secrets.ts'
import { assertShutOut, rotate, suspicionOf, untilRotated } from '../support/key-change.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a member of which there is a copy, with the same uid and key', () => {
  let pair: Pair
  let scene: Scene
  let copy: Scene
  before(async () => {
    pair = await startPair()
    scene = await pair.scene('original')
    await scene.join('east')
    copy = await pair.scene('copy')
    await copySecrets(scene, copy, ['mc-join', 'mc-identity'])
    await copy.startSecondary()
  })
  after(async () => pair.stop())

  it('is suspected when both beat in turn, and neither is locked out', async () => {
    await copy.untilStatus('Joined')
    assert.equal(await until('it is suspected', async () => suspicionOf(scene)), 'BootIdsAlternate')
    await until('an event says so', async () =>
      (await scene.eventsOnPrimary()).some(({ reason }) => reason === 'BootIdsAlternate'),
    )
    for (const each of [scene, copy]) assert.equal((await each.status())?.['status'], 'Joined')
  })

  it('shuts the copy out by another key, which both sides then say', async () => {
    await rotate(scene, 'now')
    await untilRotated(scene, 'now')
    const { msg } = await copy.untilStatus('Rejected')
    await assertShutOut(scene, msg)
  })

  it('is suspected of nothing any more when it has changed its key once again, after the copy was stopped', async () => {
    await copy.end()
    await rotate(scene, 'again')
    await untilRotated(scene, 'again')
    await until('nothing is suspected', async () => (await suspicionOf(scene)) === undefined)
  })
})
