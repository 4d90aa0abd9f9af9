import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { decideJoinToken } from '../../../../src/primary/join-token/join-token.decide.ts'
import { at, cluster, member, noon } from '../objects.fixture.ts'

const endpoint = 'https://primary.example.com/k10'
const encoded = (text: string) => Buffer.from(text).toString('base64')

function secret(
  fields: { annotations?: Record<string, string>; data?: Record<string, string>; immutable?: boolean } = {},
): Secret {
  return {
    metadata: { name: 'token', annotations: fields.annotations ?? {} },
    type: 'dist.kio.kasten.io/join-token',
    ...(fields.data === undefined ? {} : { data: fields.data }),
    ...(fields.immutable === undefined ? {} : { immutable: fields.immutable }),
  }
}

const decide = (subject: Secret, admitted: readonly Cluster[] = []) =>
  decideJoinToken({ secret: subject, endpoint, admitted, isForeign: false, now: noon })
const issued = { [annotations.tokenId]: 'AAAAAAAAAAAAAAAA' }
const filled = { endpoint: encoded(endpoint), token: encoded('mcj1.…') }

describe('a join-token Secret', () => {
  it('is issued when it is empty and there is a primary', () => {
    const decision = decide(secret())
    assert.equal(decision.kind, 'issue')
    assert.equal(decision.kind === 'issue' && decision.endpoint, endpoint)
  })

  it('waits while there is none', () => {
    assert.deepEqual(
      decideJoinToken({ secret: secret(), endpoint: undefined, admitted: [], isForeign: false, now: noon }),
      {
        kind: 'nothing',
      },
    )
  })

  it('is never filled again once it has an id, whatever its data says', () => {
    assert.deepEqual(decide(secret({ annotations: issued, data: filled })), { kind: 'nothing' })
    assert.deepEqual(decide(secret({ annotations: issued, data: { ...filled, token: '' } })), { kind: 'nothing' })
  })

  it('that brings a token of its own is told that nobody can join with it', () => {
    const subject = secret({ annotations: issued, data: filled })
    const decision = decideJoinToken({ secret: subject, endpoint, admitted: [], isForeign: true, now: noon })
    assert.match(String(decision.kind === 'report' && decision.fault), /^token-id is set already, and .* did not issue/)
  })

  it('goes on saying so while the primary cannot serve, and takes it back once it can tell', () => {
    const said = { ...issued, [annotations.tokenError]: 'token-id is set already' }
    const observed = { secret: secret({ annotations: said, data: filled }), admitted: [], isForeign: false, now: noon }
    assert.deepEqual(decideJoinToken({ ...observed, endpoint: undefined }), { kind: 'nothing' })
    assert.deepEqual(decideJoinToken({ ...observed, endpoint }), { kind: 'report', fault: undefined })
  })

  it('follows a new endpoint', () => {
    const moved = secret({ annotations: issued, data: { ...filled, endpoint: encoded('https://old.example.com') } })
    assert.deepEqual(decide(moved), { kind: 'move', endpoint })
    assert.deepEqual(decide({ ...moved, immutable: true }), { kind: 'nothing' })
  })

  it('is not overwritten where it holds data that is not ours', () => {
    const decision = decide(secret({ data: { token: encoded('mine') } }))
    assert.deepEqual(decision, {
      kind: 'report',
      fault:
        'data has token already, which conjoin did not write and does not overwrite; create the Secret without data',
    })
  })

  it('cannot be filled when it is immutable', () => {
    const decision = decide(secret({ immutable: true }))
    assert.match((decision.kind === 'report' && decision.fault) || '', /^the Secret is immutable/)
  })

  it('names every annotation that is wrong, and its fault', () => {
    const decision = decide(
      secret({ annotations: { [annotations.maxUses]: 'many', [annotations.clusterName]: 'East' } }),
    )
    assert.deepEqual(decision, {
      kind: 'report',
      fault:
        'dist.kio.kasten.io/max-uses is not a whole number from 1 to 500; dist.kio.kasten.io/cluster-name is not an RFC 1123 subdomain of at most 63 characters',
    })
  })

  it('is not issued where nobody could read it', () => {
    const decision = decide(secret({ annotations: { [annotations.redact]: 'now' } }))
    assert.match(
      (decision.kind === 'report' && decision.fault) || '',
      /redact would blank the token before anybody can/,
    )
  })

  it('reports a fault once, and takes the report back when it is mended', () => {
    const reported = { [annotations.maxUses]: 'many', [annotations.tokenError]: '' }
    const first = decide(secret({ annotations: reported }))
    const fault = first.kind === 'report' ? (first.fault ?? '') : ''
    assert.deepEqual(decide(secret({ annotations: { ...reported, [annotations.tokenError]: fault } })), {
      kind: 'nothing',
    })
    assert.deepEqual(decide(secret({ annotations: { [annotations.tokenError]: fault } })), {
      kind: 'report',
      fault: undefined,
    })
  })
})

describe('a token that is to be blanked', () => {
  const asking = (redact: string, fields: Parameters<typeof secret>[0] = {}) =>
    secret({ data: filled, ...fields, annotations: { ...issued, [annotations.redact]: redact, ...fields.annotations } })
  const east = cluster('east', { spec: { member: member() } })

  it('now is blanked, and once', () => {
    assert.deepEqual(decide(asking('now')), { kind: 'redact', endpoint })
    assert.deepEqual(decide(asking('now', { data: { ...filled, token: '' } })), { kind: 'nothing' })
  })

  it('after its first use is readable until then', () => {
    assert.deepEqual(decide(asking('after-first-use')), { kind: 'nothing' })
    assert.deepEqual(decide(asking('after-first-use'), [east]), { kind: 'redact', endpoint })
    const waiting = { ...east, spec: { ...east.spec, approval: 'manual' as const } }
    assert.deepEqual(decide(asking('after-first-use'), [waiting]), { kind: 'redact', endpoint })
  })

  it('after its first use is so too where the Cluster that used it is gone, or not to be seen yet', () => {
    for (const uses of ['0', 'none'])
      assert.equal(decide(asking('after-first-use', { annotations: { [annotations.uses]: uses } })).kind, 'nothing')
    assert.equal(decide(asking('after-first-use', { annotations: { [annotations.uses]: '1' } })).kind, 'redact')
  })

  it('keeps its endpoint, which follows the primary', () => {
    const old = { ...filled, endpoint: encoded('https://old.example.com') }
    assert.deepEqual(decide(asking('now', { data: old })), { kind: 'redact', endpoint })
    assert.deepEqual(decide(asking('now', { data: { ...old, token: '' } })), { kind: 'move', endpoint })
  })

  it('goes on being counted', () => {
    const decision = decide(asking('after-first-use', { data: { ...filled, token: '' } }), [east])
    assert.deepEqual(decision, { kind: 'count', uses: 1, lastUsed: at(noon) })
  })

  it('says so where it is immutable, and says nothing while it needs no blanking', () => {
    const decision = decide(asking('now', { immutable: true }))
    assert.match(
      (decision.kind === 'report' && decision.fault) || '',
      /^the Secret is immutable and its token cannot be/,
    )
    assert.deepEqual(decide(asking('after-first-use', { immutable: true })), { kind: 'nothing' })
  })

  it('is left alone where this primary has not issued it', () => {
    const decision = decideJoinToken({ secret: asking('now'), endpoint, admitted: [], isForeign: true, now: noon })
    assert.equal(decision.kind, 'report')
  })
})

describe('the uses of a token without a bound', () => {
  const joinedAt = (name: string, since: number) => cluster(name, { spec: { member: member({ since: at(since) }) } })
  const counted = (uses: number, lastUsed: number) =>
    secret({
      annotations: { ...issued, [annotations.uses]: String(uses), [annotations.lastUsed]: at(lastUsed) },
      data: filled,
    })

  it('are counted from the Clusters that it admitted', () => {
    const admitted = [joinedAt('east', noon - 5_000), joinedAt('west', noon - 9_000)]
    const decision = decide(secret({ annotations: issued, data: filled }), admitted)
    assert.deepEqual(decision, { kind: 'count', uses: 2, lastUsed: at(noon - 5_000) })
  })

  it('are written at most once a minute', () => {
    const admitted = [joinedAt('east', noon - 50_000), joinedAt('west', noon - 1_000)]
    assert.deepEqual(decide(counted(1, noon - 50_000), admitted), { kind: 'later', afterMs: 10_000 })
    assert.deepEqual(decide(counted(1, noon - 60_000), admitted), {
      kind: 'count',
      uses: 2,
      lastUsed: at(noon - 1_000),
    })
  })

  it('are not written again when nothing is new, and do not shrink with a deleted Cluster', () => {
    const admitted = [joinedAt('east', noon - 90_000)]
    assert.deepEqual(decide(counted(1, noon - 90_000), admitted), { kind: 'nothing' })
    assert.deepEqual(decide(counted(2, noon - 90_000), admitted), { kind: 'nothing' })
  })

  it('are no later for a member that has changed its key, which is no use of the token', () => {
    const since = (rekeyed: number) => member({ since: at(rekeyed), previousKeyId: 'key-before' })
    const rekeyed = cluster('east', { spec: { member: since(noon - 1_000) } })
    const before = joinedAt('west', noon - 80_000)
    assert.deepEqual(decide(counted(2, noon - 70_000), [rekeyed, before]), { kind: 'nothing' })
    const uncounted = decide(secret({ annotations: issued, data: filled }), [rekeyed, before])
    assert.deepEqual(uncounted, { kind: 'count', uses: 2, lastUsed: at(noon - 80_000) })
    const alone = decide(secret({ annotations: issued, data: filled }), [rekeyed])
    assert.deepEqual(alone, { kind: 'count', uses: 1, lastUsed: undefined })
  })

  it('are no earlier where the Cluster of the last one is gone, or was bound by another token', () => {
    const left = [joinedAt('east', noon - 900_000)]
    assert.deepEqual(decide(counted(2, noon - 90_000), left), { kind: 'nothing' })
    const next = decide(counted(1, noon - 90_000), [...left, joinedAt('west', noon - 5_000)])
    assert.deepEqual(next, { kind: 'count', uses: 2, lastUsed: at(noon - 5_000) })
  })

  it('are counted also after a time that cannot be, and one that no clock has written', () => {
    const admitted = [joinedAt('east', noon - 5_000), joinedAt('west', noon - 9_000)]
    const ahead = decide(counted(1, noon + 900_000), admitted)
    assert.deepEqual(ahead, { kind: 'count', uses: 2, lastUsed: at(noon + 900_000) })
    const nonsense = { ...issued, [annotations.uses]: '1', [annotations.lastUsed]: 'yesterday' }
    const mended = decide(secret({ annotations: nonsense, data: filled }), admitted)
    assert.deepEqual(mended, { kind: 'count', uses: 2, lastUsed: at(noon - 5_000) })
  })

  it('of a bounded one are left to whoever uses it', () => {
    const bounded = secret({ annotations: { ...issued, [annotations.maxUses]: '3' }, data: filled })
    assert.deepEqual(decide(bounded, [joinedAt('east', noon)]), { kind: 'nothing' })
  })
})
