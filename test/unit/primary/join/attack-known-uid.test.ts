/** A uid is no secret. Whoever knows one and holds a token does not take the place of its cluster, whatever he tries. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { namespace, noon } from '../objects.fixture.ts'
import { applicant, joinWorld } from './join-world.fixture.ts'

const uid = '3a0d62c1-9e53-4f0b-9a52-2f1f0d9a7c11'
const otherUid = '7c11a0d6-9e53-4f0b-9a52-2f1f0d9a3a0d'

it('a thief with the uid of a member and any token changes nothing of it', async () => {
  const tokens: readonly [title: string, settings: Record<string, string>, madeAt: number, code: string][] = [
    ['a plain token', {}, noon + 60_000, 'KeyMismatch'],
    ['one for the name', { [annotations.clusterName]: 'east' }, noon + 60_000, 'KeyMismatch'],
    ['one for another uid', { [annotations.boundUid]: otherUid }, noon + 60_000, 'TokenScope'],
    ['one for the uid from before its join', { [annotations.boundUid]: uid }, noon - 60_000, 'KeyMismatch'],
    [
      'one for the uid that an administrator has to approve',
      { [annotations.boundUid]: uid, [annotations.approval]: 'manual' },
      noon + 60_000,
      'KeyMismatch',
    ],
  ]
  for (const [title, settings, madeAt, code] of tokens) {
    const world = joinWorld()
    const victim = applicant({ uid })
    const before = world.storeMember(victim, { annotations: { [annotations.allowRebind]: victim.key.thumbprint } })
    await world.advance(120_000)
    const { token } = world.storeToken(settings, madeAt)
    for (const name of ['east', 'west', undefined]) {
      await world.advance(2_000)
      const outcome = await world.join(applicant({ uid, name }), token)
      const expected = code === 'KeyMismatch' && name === 'west' && settings[annotations.clusterName] !== undefined
      assert.equal(outcome.kind === 'refused' && outcome.refusal.code, expected ? 'TokenScope' : code, title)
    }
    assert.deepEqual(world.api.all<Cluster>(clusterKind), [before], title)
  }
})

it('a permission to rebind does not make a copied key welcome in two places', async () => {
  const world = joinWorld()
  const west = applicant({ name: 'west' })
  world.storeMember(west)
  const east = applicant({ uid })
  world.storeMember(east, { annotations: { [annotations.allowRebind]: west.key.thumbprint } })
  const outcome = await world.join({ ...west, uid, name: 'east' }, world.storeToken().token)
  assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'CloneSuspected')
  const stored = world.api.stored<Cluster>(clusterKind, 'east', namespace)
  assert.equal(stored?.spec.member?.keyId, east.key.thumbprint)
})
