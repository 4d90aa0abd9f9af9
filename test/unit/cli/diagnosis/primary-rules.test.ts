import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  bootstrap,
  cluster,
  codes,
  nothing,
  observation,
  only,
  primary,
  seen,
  token,
  unread,
} from './observation.fixture.ts'

describe('the diagnosis of a primary', () => {
  it('deletes a foreign definition only where it is empty', () => {
    const foreign = (objects: number | undefined) =>
      only(
        observation({
          primary: primary({
            definitions: seen([
              {
                name: 'clusters.dist.kio.kasten.io',
                state: 'foreign',
                ...(objects === undefined ? {} : { objects }),
              },
            ]),
          }),
        }),
      )
    const remove = 'kubectl delete crd clusters.dist.kio.kasten.io --context here'
    const look = 'kubectl get clusters.dist.kio.kasten.io --all-namespaces --show-labels --context here'
    assert.equal(foreign(0)?.next?.command, remove)
    assert.equal(foreign(1)?.next?.command, look)
    assert.equal(foreign(undefined)?.next?.command, look)
  })

  it('calls its key lost where the Secret is gone and something was made with it', () => {
    const gone = { identity: nothing }
    assert.deepEqual(codes(observation({ primary: primary(gone) })), [])
    const reliedOn = { ...gone, tokens: seen([token({ 'token-id': 'abc' })]) }
    assert.deepEqual(codes(observation({ primary: primary(reliedOn) })), ['wrong IdentityLost'])
    const said = { identity: unread, bootstraps: seen([bootstrap('False', 'IdentityLost', 'gone')]) }
    assert.deepEqual(codes(observation({ primary: primary(said) })), ['wrong IdentityLost'])
  })

  for (const [reason, expected] of [
    ['AwaitingJoin', 'note'],
    ['PendingApproval', 'note'],
    ['Denied', 'note'],
    ['Disconnecting', 'note'],
    ['Unconfirmed', 'wrong'],
    ['NoHeartbeat', 'wrong'],
    ['NeverSeen', 'wrong'],
    ['ReportedUnhealthy', 'wrong'],
    ['BrandNew', 'wrong'],
  ] as const)
    it(`names a Cluster that is not ready because of ${reason}`, () => {
      const clusters = seen([cluster('east', [['Ready', 'False', reason, 'so it is']])])
      const finding = only(observation({ primary: primary({ clusters }) }))
      assert.equal(`${finding.severity} ${finding.code}`, `${expected} ${reason}`)
      assert.equal(finding.what, 'the Cluster east: so it is')
    })

  it('names a suspicion beside a Cluster that is ready', () => {
    const clusters = seen([
      cluster('east', [
        ['Ready', 'True', 'Joined', 'the cluster is a member'],
        ['CloneSuspected', 'True', 'BootIdsAlternate', 'two processes'],
      ]),
    ])
    assert.deepEqual(codes(observation({ primary: primary({ clusters }) })), ['wrong BootIdsAlternate'])
  })

  it('tells which tokens are of no use', () => {
    const tokens = (...list: Parameters<typeof token>[]) =>
      codes(observation({ primary: primary({ tokens: seen(list.map((args) => token(...args))) }) }))
    assert.deepEqual(tokens([{}], [{ 'max-uses': '2', uses: '1' }], [{ 'expires-at': '2031-01-01T00:00:00Z' }]), [])
    assert.deepEqual(tokens([{ 'max-uses': '1', uses: '1' }]), [])
    assert.deepEqual(tokens([{ 'token-error': 'max-uses is not a number' }, false]), ['wrong TokenNotIssued'])
    assert.deepEqual(tokens([{}, false]), ['wrong TokenWaiting'])
  })

  it('names no suspicion that has been lifted', () => {
    const clusters = seen([
      cluster('east', [
        ['Ready', 'True', 'Joined', 'the cluster is a member'],
        ['CloneSuspected', 'False', 'BootIdsAlternate', 'two processes'],
      ]),
    ])
    assert.deepEqual(codes(observation({ primary: primary({ clusters }) })), [])
  })

  it('prints nothing of a damaged key', () => {
    const { code, next } = only(observation({ primary: primary({ identity: seen('damaged') }) }))
    assert.equal(code, 'IdentityDamaged')
    assert.equal(next?.command, 'kubectl describe secret mc-primary-identity -n conjoin-system --context here')
  })
})
