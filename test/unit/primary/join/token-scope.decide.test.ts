import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JoinTokenSettings } from '../../../../src/api/join-token-settings.ts'
import { judgeTelling, judgeToken, judgeUse } from '../../../../src/primary/join/token-scope.decide.ts'
import { noon } from '../objects.fixture.ts'

function bounds(settings: Partial<JoinTokenSettings> = {}): JoinTokenSettings {
  return { clusterLabels: {}, approval: 'automatic', redact: 'never', ...settings }
}

const asked = { uid: 'uid-east', name: 'east', now: noon }
const use = { name: 'east', user: 'key-east', isMember: false, users: [] }

describe('a token', () => {
  it('without bounds admits everybody, again and again', () => {
    assert.equal(judgeToken(bounds(), asked), undefined)
    assert.equal(
      judgeUse(bounds(), { ...use, users: Array.from({ length: 500 }, (_, index) => `key-${index}`) }),
      undefined,
    )
  })

  it('ends at the millisecond of its expiry', () => {
    assert.equal(judgeToken(bounds({ expiresAt: noon + 1 }), asked), undefined)
    assert.deepEqual(judgeToken(bounds({ expiresAt: noon }), asked), {
      code: 'TokenExpired',
      what: 'the join token expired at 2030-01-05T12:00:00.000Z',
    })
  })

  it('bound to a uid admits no other', () => {
    assert.equal(judgeToken(bounds({ boundUid: 'uid-east' }), asked), undefined)
    assert.equal(judgeToken(bounds({ boundUid: 'uid-west' }), asked)?.code, 'TokenScope')
  })

  it('bound to a name admits exactly that name, asked for or made', () => {
    const bound = bounds({ clusterName: 'east' })
    assert.equal(judgeToken(bound, asked), undefined)
    assert.equal(judgeToken(bound, { ...asked, name: undefined }), undefined)
    assert.equal(judgeUse(bound, use), undefined)
    for (const name of ['east1', 'eas', 'east.', 'East', 'ｅast']) {
      assert.equal(judgeToken(bound, { ...asked, name })?.code, 'TokenScope', name)
      assert.equal(judgeUse(bound, { ...use, name })?.code, 'TokenScope', name)
    }
  })

  it('of so many uses is exhausted for new clusters and keys only', () => {
    const bounded = bounds({ maxUses: 2 })
    assert.equal(judgeUse(bounded, { ...use, users: ['key-a'] }), undefined)
    const users = ['key-a', 'key-b']
    assert.deepEqual(judgeUse(bounded, { ...use, users }), {
      code: 'TokenExhausted',
      what: 'the join token allows 2 uses, and all are taken',
    })
    assert.equal(judgeUse(bounded, { ...use, users, user: 'key-a' }), undefined, 'a use belongs to its key')
    assert.equal(judgeUse(bounded, { ...use, users, isMember: true }), undefined, 'a member joins again for free')
  })

  it('tells its holder of no cluster that it could not let in', () => {
    const about = (name: string, users: readonly string[] = []) => ({ name, user: 'key-east', users })
    assert.equal(judgeTelling(bounds(), about('west')), undefined)
    const scoped = bounds({ clusterName: 'east' })
    assert.equal(judgeTelling(scoped, about('east')), undefined)
    assert.deepEqual(judgeTelling(scoped, about('west')), {
      code: 'TokenScope',
      what: 'the join token admits only the name east',
    })
    const once = bounds({ maxUses: 1 })
    assert.equal(judgeTelling(once, about('west', ['key-east'])), undefined)
    assert.equal(judgeTelling(once, about('west', ['key-other']))?.code, 'TokenExhausted')
  })
})
