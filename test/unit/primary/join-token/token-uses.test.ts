/** Uses of a bounded token: whose they are, and that two at once are not lost. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { readJoinTokenSettings } from '../../../../src/api/join-token-settings.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { judgeUse } from '../../../../src/primary/join/token-scope.decide.ts'
import { addUse, userOf, usersOf } from '../../../../src/primary/join-token/token-uses.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { at, namespace, noon } from '../objects.fixture.ts'

const readingFor = (maxUses: string) => readJoinTokenSettings({ [annotations.maxUses]: maxUses }, { now: noon })
const settingsFor = (maxUses: string) => {
  const reading = readingFor(maxUses)
  return reading.ok ? reading.settings : assert.fail(maxUses)
}
const token = (made: Record<string, string> = {}): Secret => ({
  metadata: { name: 'token', namespace, annotations: { [annotations.tokenId]: 'AAAAAAAAAAAAAAAA', ...made } },
  data: { token: 'AAAA' },
})

describe('a use of a token', () => {
  it('is written with who, how many and when, and touches nothing else of the Secret', async () => {
    const api = createMemoryApi()
    const first = api.put(secretKind, token())
    await addUse(api.client, first, 'key-east', noon)
    const second = api.stored(secretKind, 'token', namespace)
    assert.ok(second !== undefined)
    assert.deepEqual(usersOf(second), ['key-east'])
    await addUse(api.client, second, 'key-west', noon + 60_000)
    const third = api.stored(secretKind, 'token', namespace)
    assert.ok(third !== undefined)
    assert.deepEqual(usersOf(third), ['key-east', 'key-west'])
    assert.deepEqual(third.metadata.annotations, {
      [annotations.tokenId]: 'AAAAAAAAAAAAAAAA',
      [annotations.usedBy]: 'key-east key-west',
      [annotations.uses]: '2',
      [annotations.lastUsed]: at(noon + 60_000),
    })
    assert.deepEqual(third.data, { token: 'AAAA' })
  })

  it('is not lost to another one of the same moment: the later write meets a Conflict', async () => {
    const api = createMemoryApi()
    const seen = api.put(secretKind, token())
    await addUse(api.client, seen, 'key-east', noon)
    await assert.rejects(addUse(api.client, seen, 'key-west', noon), { name: 'KubeApiError', reason: 'Conflict' })
    assert.equal(api.stored(secretKind, 'token', namespace)?.metadata.annotations?.[annotations.uses], '1')
  })

  it('does not bring back a token that was revoked meanwhile', async () => {
    const api = createMemoryApi()
    const seen = api.put(secretKind, token())
    api.removeUnseen(secretKind, 'token', namespace)
    await assert.rejects(addUse(api.client, seen, 'key-east', noon), { name: 'KubeApiError', reason: 'NotFound' })
    assert.deepEqual(api.all(secretKind), [])
  })

  it('is read from what a user has edited without counting the gaps', () => {
    assert.deepEqual(usersOf(token()), [])
    assert.deepEqual(usersOf(token({ [annotations.usedBy]: '' })), [])
    assert.deepEqual(usersOf(token({ [annotations.usedBy]: '  key-east   key-west ' })), ['key-east', 'key-west'])
  })
})

describe('a bounded token', () => {
  const ask = (user: string, users: readonly string[], isMember = false) =>
    judgeUse(settingsFor('2'), { name: 'east', user, isMember, users })?.code

  it('has a use for as many as it says', () => {
    assert.equal(ask('key-new', []), undefined)
    assert.equal(ask('key-new', ['key-east']), undefined)
    assert.equal(ask('key-new', ['key-east', 'key-west']), 'TokenExhausted')
  })

  it('is free for who has used it, and for a member', () => {
    assert.equal(ask('key-west', ['key-east', 'key-west']), undefined)
    assert.equal(ask('key-new', ['key-east', 'key-west'], true), undefined)
  })

  it('knows who has used it by the whole of uid and thumbprint', () => {
    for (const user of ['key-eas', 'key-east2', 'KEY-EAST', 'key-east key-west'])
      assert.equal(ask(user, ['key-east', 'key-west']), 'TokenExhausted', user)
  })

  it('allows 500 uses at most, so that they fit the Secret', () => {
    assert.equal(readingFor('500').ok, true)
    for (const tooMany of ['501', '0', '1e3', '-1', '']) assert.equal(readingFor(tooMany).ok, false, tooMany)
    const users = Array.from({ length: 500 }, (_, index) =>
      userOf({ uid: crypto.randomUUID(), keyId: String(index).padStart(43, '0') }),
    )
    assert.equal(judgeUse(settingsFor('500'), { name: 'e', user: 'x', isMember: false, users })?.code, 'TokenExhausted')
    assert.equal(
      judgeUse(settingsFor('500'), { name: 'e', user: 'x', isMember: false, users: users.slice(1) }),
      undefined,
    )
  })
})
