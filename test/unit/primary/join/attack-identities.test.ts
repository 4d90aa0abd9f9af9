/** A holder of a good token who gives himself the name or the uid of another cluster, or one that looks like it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { namespace } from '../objects.fixture.ts'
import { type Applicant, applicant, joinWorld } from './join-world.fixture.ts'

/** A primary with one member, `edge`; and what the member's Cluster is, to the last field. */
function worldWithEdge() {
  const world = joinWorld()
  const victim = applicant({ name: 'edge' })
  world.storeMember(victim)
  const { token } = world.storeToken()
  const edge = () => world.api.stored<Cluster>(clusterKind, 'edge', namespace)
  const others = () => world.api.all<Cluster>(clusterKind).filter(({ metadata }) => metadata.name !== 'edge')
  /** What an attacker with a good token is told: the name that he got, or the code of the refusal. */
  const tries = async (attacker: Applicant): Promise<string> => {
    try {
      const outcome = await world.join(attacker, token)
      return outcome.kind === 'joined' ? outcome.membership.clusterName : outcome.refusal.code
    } catch (error) {
      assert.ok(error instanceof ProtocolError, String(error))
      return error.code
    }
  }
  return { world, victim, edge, others, tries, token }
}

/** Refused by their form, before anything is looked up. */
const lookAlikes: Readonly<Record<string, string>> = {
  'in capitals': 'EDGE',
  'with one capital': 'Edge',
  'with a colon and more': 'edge:admin',
  'with a slash and more': 'edge/status',
  'with a dot in front': '.edge',
  'with a dot behind': 'edge.',
  'as a parent folder': '../edge',
  'with a percent sign': 'edge%00',
  'with a NUL behind': 'edge\0',
  'with a line break behind': 'edge\n',
  'with a space behind': 'edge ',
  'with a zero-width space inside': 'ed\u200bge',
  'with a soft hyphen inside': 'ed\u00adge',
  'with a Cyrillic letter': '\u0435dge',
  'in full-width letters, which NFKC makes the same': '\uff45\uff44\uff47\uff45',
  'with a mathematical letter, which NFKC makes the same': '\u{1d41e}dge',
  'with a combining mark': 'edge\u0301',
  'written from right to left': '\u202eegde',
  'with 64 characters': `edge${'e'.repeat(60)}`,
  'with 64 characters that begin with the name and a dot': `edge.${'e'.repeat(59)}`,
  'with nothing in it': '',
}

describe('a name that is meant to be taken for another', () => {
  for (const [what, name] of Object.entries(lookAlikes))
    it(`is refused ${what}`, async () => {
      const { edge, others, tries } = worldWithEdge()
      const before = edge()
      assert.equal(await tries(applicant({ name })), 'Malformed')
      assert.deepEqual([edge(), others()], [before, []])
    })

  it('is another cluster where it only begins or ends like the name', async () => {
    for (const name of ['edge1', 'edg', 'edge.a', 'a.edge', 'edge-1', 'e']) {
      const { edge, others, tries } = worldWithEdge()
      const before = edge()
      const asks = applicant({ name })
      assert.equal(await tries(asks), name)
      assert.deepEqual(edge(), before, name)
      assert.deepEqual(
        others().map(({ spec }) => spec.member?.uid),
        [asks.uid],
      )
    }
  })

  it('is taken where it is the very name', async () => {
    const { edge, others, tries } = worldWithEdge()
    const before = edge()
    assert.equal(await tries(applicant({ name: 'edge' })), 'NameTaken')
    assert.deepEqual([edge(), others()], [before, []])
  })
})

describe('the uid of a victim, which is no secret', () => {
  it('gives an attacker with a good token a KeyMismatch, whatever name he asks for, and the victim notices nothing', async () => {
    for (const name of ['edge', 'west', undefined]) {
      const { world, victim, edge, others, tries, token } = worldWithEdge()
      const before = edge()
      const attacker = applicant({ uid: victim.uid, name })
      assert.equal(await tries(attacker), 'KeyMismatch', name)
      assert.deepEqual([edge(), others()], [before, []])
      // The victim is recognised as before.
      const outcome = await world.join(victim, token)
      assert.equal(outcome.kind === 'joined' && outcome.membership.clusterName, 'edge')
    }
  })

  it('is compared whole: with one character more or less, or in capitals, it is another cluster', async () => {
    for (const change of [
      (uid: string) => uid.toUpperCase(),
      (uid: string) => `${uid}0`,
      (uid: string) => uid.slice(0, -1),
    ]) {
      const { world, edge, tries, others } = worldWithEdge()
      const victim = applicant({ name: 'north', uid: 'abcdefab-cdef-4abc-8def-abcdefabcdef' })
      world.storeMember(victim)
      const before = edge()
      assert.equal(await tries(applicant({ uid: change(victim.uid), name: 'west' })), 'west')
      assert.deepEqual(edge(), before)
      assert.equal(others().length, 2)
    }
  })
})

describe('a holder of an unscoped token who registers the uid and the name of a cluster before that one does', () => {
  async function squatted() {
    const world = joinWorld()
    const { token } = world.storeToken()
    const victim = applicant({ name: 'edge' })
    const squatter = applicant({ uid: victim.uid, name: 'edge' })
    const taken = await world.join(squatter, token)
    assert.equal(taken.kind, 'joined')
    world.api.sync()
    return { world, token, victim, squatter }
  }

  it('is named in an Event, and the victim is told the whole command that puts it right, which does', async () => {
    const { world, token, victim, squatter } = await squatted()
    assert.deepEqual(world.admitted, ['edge'])
    const refused = await world.join(victim, token)
    assert.ok(refused.kind === 'refused')
    assert.equal(refused.refusal.code, 'KeyMismatch')
    const [, cluster, annotation, keyId] =
      /kubectl annotate clusters\.dist\.kio\.kasten\.io (\S+) -n kasten-io-mc (\S+)=(\S+) --overwrite$/.exec(
        refused.refusal.msg,
      ) ?? []
    assert.deepEqual([cluster, annotation, keyId], ['edge', annotations.allowRebind, victim.key.thumbprint])
    const stored = world.api.stored<Cluster>(clusterKind, 'edge', namespace)
    assert.ok(stored)
    const { metadata, ...rest } = stored
    world.api.put(clusterKind, { ...rest, metadata: { ...metadata, annotations: { [annotation ?? '']: keyId ?? '' } } })
    assert.equal((await world.join(victim, token)).kind, 'joined')
    world.api.sync()
    // The squatter is out, and cannot come back the same way: the permission was for one key, once.
    const again = await world.join(squatter, token)
    assert.equal(again.kind === 'refused' && again.refusal.code, 'KeyMismatch')
  })

  it('cannot do it with a token that is bound to another name or uid', async () => {
    const victim = applicant({ name: 'edge' })
    for (const bound of [{ [annotations.clusterName]: 'west' }, { [annotations.boundUid]: crypto.randomUUID() }]) {
      const world = joinWorld()
      const { token } = world.storeToken(bound)
      const outcome = await world.join(applicant({ uid: victim.uid, name: 'edge' }), token)
      assert.equal(outcome.kind === 'refused' && outcome.refusal.code, 'TokenScope')
      assert.deepEqual(world.api.all<Cluster>(clusterKind), [])
    }
  })
})
