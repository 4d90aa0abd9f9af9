import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decideAdmission, type Situation, suggestName } from '../../../../src/primary/join/admission.decide.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

/** A cluster that nobody knows asks for the free name `east`. */
function situation(fields: Partial<Situation> = {}): Situation {
  return {
    applicant: { uid: 'uid-east', keyId: 'key-east', name: 'east', askedAt: noon },
    primaryUid: 'uid-primary',
    byUid: undefined,
    byKey: undefined,
    byName: undefined,
    disconnectedAt: undefined,
    generatedNames: [],
    vouching: undefined,
    isReturn: false,
    ...fields,
  }
}

const east = cluster('east', { spec: { member: member() } })

/** The names made for an applicant, and which of them somebody has. */
function names(...taken: boolean[]): Situation['generatedNames'] {
  return taken.map((isTaken, index) => ({ name: `made-${index}`, taken: isTaken }))
}

describe('an applicant', () => {
  it('whom nobody knows is created under the free name it asks for', () => {
    assert.deepEqual(decideAdmission(situation()), { kind: 'create', name: 'east' })
  })

  it('without a name gets the first one made for it that is free', () => {
    const applicant = { ...situation().applicant, name: undefined }
    assert.deepEqual(decideAdmission(situation({ applicant, generatedNames: names(false, false, false) })), {
      kind: 'create',
      name: 'made-0',
    })
    assert.deepEqual(decideAdmission(situation({ applicant, generatedNames: names(true, true, false) })), {
      kind: 'create',
      name: 'made-2',
    })
    assert.equal(decideAdmission(situation({ applicant, generatedNames: names(true, true, true) })).kind, 'wait')
  })

  it('that is a member already is recognised, whatever name it asks for now', () => {
    for (const name of ['east', 'another', undefined]) {
      const applicant = { ...situation().applicant, name }
      const decision = decideAdmission(situation({ applicant, byUid: east, byKey: east, byName: east }))
      assert.deepEqual(decision, { kind: 'recognise', cluster: east })
    }
  })

  it('binds to a name that was registered ahead', () => {
    const ahead = cluster('east')
    assert.deepEqual(decideAdmission(situation({ byName: ahead })), {
      kind: 'bind',
      cluster: ahead,
      takesApproval: true,
    })
  })

  it('cannot be the primary itself', () => {
    const decision = decideAdmission(situation({ primaryUid: 'uid-east', byUid: east }))
    assert.deepEqual(decision, { kind: 'refuse', code: 'SelfJoin', what: 'this cluster is the primary itself' })
  })

  it('with a known uid and another key is refused, and told how its administrator lets it in', () => {
    const other = cluster('east', { spec: { member: member({ keyId: 'key-other' }) } })
    const decision = decideAdmission(situation({ byUid: other, byName: other }))
    assert.equal(decision.kind, 'refuse')
    if (decision.kind !== 'refuse') return
    assert.equal(decision.code, 'KeyMismatch')
    const command =
      / kubectl annotate clusters\.dist\.kio\.kasten\.io east -n kasten-io-mc dist\.kio\.kasten\.io\/allow-rebind=key-east --overwrite$/
    assert.match(decision.remedy ?? '', command)
  })

  it('with the key of another cluster is a suspected clone', () => {
    const other = cluster('west', { spec: { member: member({ uid: 'uid-west' }) } })
    const decision = decideAdmission(situation({ byKey: other }))
    assert.equal(decision.kind === 'refuse' && decision.code, 'CloneSuspected')
  })

  it('that asks for the name of another is refused, with a name that nobody has', () => {
    for (const taken of [
      cluster('east', { spec: { member: member({ uid: 'uid-other', keyId: 'key-other' }) } }),
      cluster('east', { spec: { primary: true } }),
    ]) {
      const decision = decideAdmission(situation({ byName: taken }))
      assert.equal(decision.kind, 'refuse')
      if (decision.kind !== 'refuse') continue
      assert.equal(decision.code, 'NameTaken')
      assert.ok(decision.remedy?.endsWith(suggestName('east', 'uid-east')))
    }
  })

  it('that asked before it was disconnected is told so, and one that asked after may go on', () => {
    const before = decideAdmission(situation({ disconnectedAt: noon + 1 }))
    assert.deepEqual(before, {
      kind: 'refuse',
      code: 'Disconnected',
      what: `disconnected by the primary at ${at(noon + 1)}`,
    })
    assert.equal(decideAdmission(situation({ disconnectedAt: noon })).kind, 'refuse')
    assert.deepEqual(decideAdmission(situation({ disconnectedAt: noon - 1 })), { kind: 'create', name: 'east' })
  })

  it('whose Cluster is being deleted is disconnected if it asked before, and waits if it asked after', () => {
    const leaving = { ...east, metadata: { ...east.metadata, deletionTimestamp: at(noon + 1_000) } }
    const asked = (askedAt: number) =>
      decideAdmission(situation({ applicant: { ...situation().applicant, askedAt }, byUid: leaving, byName: leaving }))
    const early = asked(noon)
    assert.equal(early.kind === 'refuse' && early.code, 'Disconnected')
    assert.equal(asked(noon + 2_000).kind, 'wait')
  })

  it('waits for a name whose Cluster is being deleted', () => {
    const leaving = cluster('east', { metadata: { deletionTimestamp: at(noon) } })
    assert.deepEqual(decideAdmission(situation({ byName: leaving })), {
      kind: 'wait',
      what: 'a Cluster of this name, uid or key is being deleted',
    })
  })
})

describe('a suggested name', () => {
  it('is the asked one with four digits of the uid, and stays within 63 characters', () => {
    assert.match(suggestName('east', 'uid-east'), /^east-[0-9a-f]{4}$/)
    assert.match(suggestName('a'.repeat(63), 'uid'), /^a{58}-[0-9a-f]{4}$/)
    assert.match(suggestName(`${'a'.repeat(57)}.b`, 'uid'), /^a{57}-[0-9a-f]{4}$/)
  })
})
