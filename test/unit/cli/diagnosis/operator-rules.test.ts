import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { codes, nothing, now, observation, only, operator, secondary, seen } from './observation.fixture.ts'

describe('the diagnosis of the program itself', () => {
  const broken = (changes: Parameters<typeof operator>[1]) =>
    observation({ secondary: secondary({ operator: operator('secondary', changes) }) })
  const deployment = {
    name: 'conjoin-secondary',
    replicas: 1,
    ready: 1,
    isDisabled: false,
    disabledArgument: undefined,
    noProxy: '',
  }

  it('finds it disabled by an argument, and enables it in its place', () => {
    const disabled = { ...deployment, isDisabled: true, disabledArgument: { container: 0, index: 4 } }
    const finding = only(broken({ deployment: seen(disabled), lease: nothing }))
    assert.equal(finding.code, 'Disabled')
    assert.match(finding.next?.command ?? '', /"\/spec\/template\/spec\/containers\/0\/args\/4".*--multicluster=true/)
  })

  it('finds it disabled by the environment', () => {
    const finding = only(broken({ deployment: seen({ ...deployment, isDisabled: true }), lease: nothing }))
    assert.equal(
      finding.next?.command,
      'kubectl set env deployment/conjoin-secondary CONJOIN_MULTICLUSTER=true -n kasten-io --context here',
    )
  })

  it('finds a right that is missing, and grants exactly that', () => {
    const right = { namespace: 'kasten-io', group: '', resource: 'secrets', name: 'mc-identity', verbs: ['patch'] }
    const finding = only(broken({ missingRights: seen([right]), lease: nothing }))
    assert.equal(finding.code, 'MissingRight')
    assert.equal(
      finding.what,
      'the service account conjoin-secondary in kasten-io may not patch secrets mc-identity in kasten-io',
    )
    assert.equal(
      finding.next?.command,
      'kubectl create role conjoin-secondary-granted-1 --verb patch --resource secrets --resource-name mc-identity -n kasten-io --context here && ' +
        'kubectl create rolebinding conjoin-secondary-granted-1 --role conjoin-secondary-granted-1 --serviceaccount kasten-io:conjoin-secondary -n kasten-io --context here',
    )
  })

  it('finds a clock that is off, by that of the API server', () => {
    const lease = { holder: 'pod-1', renewedAt: now + 86_400_000 * 10, isRenewed: true }
    const finding = only(broken({ lease: seen(lease) }))
    assert.equal(finding.code, 'ClockOff')
    assert.match(finding.what, /\(pod-1\) is 10 days ahead of that of the API server/)
  })

  it('takes a lease for held that is being renewed, whatever the clock of its holder says', () => {
    const behind = { holder: 'pod-1', renewedAt: now - 86_400_000, isRenewed: true }
    assert.deepEqual(codes(broken({ lease: seen(behind) })), ['wrong ClockOff'])
  })

  for (const [what, lease] of [
    ['there is none', undefined],
    ['it was given back', { holder: '', renewedAt: now, isRenewed: true }],
    ['it has not been renewed', { holder: 'pod-1', renewedAt: now, isRenewed: false }],
  ] as const)
    it(`finds that nobody works where of the lease ${what}`, () => {
      assert.deepEqual(codes(broken({ lease: seen(lease) })), ['wrong NotRunning'])
    })

  it('finds no ready pod, and a deployment without replicas', () => {
    assert.deepEqual(codes(broken({ deployment: seen({ ...deployment, ready: 0 }) })), ['wrong NotReady'])
    assert.deepEqual(codes(broken({ deployment: seen({ ...deployment, ready: 0, replicas: 0 }) })), [
      'wrong ScaledToZero',
    ])
  })
})
