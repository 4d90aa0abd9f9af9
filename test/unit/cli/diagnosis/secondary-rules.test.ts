import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  codes,
  join,
  nothing,
  now,
  observation,
  only,
  operator,
  secondary,
  seen,
  status,
} from './observation.fixture.ts'

describe('the diagnosis of a join', () => {
  const told = (msg: string, changes: Parameters<typeof secondary>[0] = {}) =>
    observation({ secondary: secondary({ status: seen(status('Rejected', msg)), ...changes }) })
  const retry =
    'kubectl annotate secret mc-join dist.kio.kasten.io/retry=2030-01-31T12:00:00Z --overwrite -n kasten-io --context here'

  it('gives the words of the status, and the command for its code', () => {
    const finding = only(told('ConnectRefused: the primary cannot be reached at https://p: no; check the endpoint'))
    assert.deepEqual(finding, {
      severity: 'wrong',
      role: 'secondary',
      code: 'ConnectRefused',
      what: 'the primary cannot be reached at https://p: no',
      remedy: 'check the endpoint',
      next: { does: 'this tries again at once', command: retry },
    })
  })

  it('takes for no failure what somebody has meant to be so', () => {
    assert.deepEqual(codes(told('Left: this cluster left the primary; to join again, …')), ['note Left'])
    assert.deepEqual(codes(told('PendingApproval: it waits; approve it there')), ['note PendingApproval'])
    assert.deepEqual(codes(told('Disconnected: by the primary; …')), ['wrong Disconnected'])
  })

  it('tries a code that it does not know again', () => {
    assert.equal(only(told('Brand9New: what; do')).next?.command, retry)
    assert.equal(only(told('constructor: what; do')).next?.command, retry)
  })

  it('makes a token on the primary and puts it here, where the old one is of no use', () => {
    const name = `join-${now.toString(36)}`
    assert.deepEqual(only(told('TokenExpired: the join token has expired; create a new one')).next, {
      on: 'the primary',
      command:
        `kubectl conjoin token create ${name} -n kasten-io-mc --context hub && ` +
        `kubectl conjoin token show ${name} --manifest --secondary-namespace kasten-io -n kasten-io-mc --context hub | ` +
        'kubectl apply -f - --context here',
    })
  })

  it('makes mc-join-config where there is none, and changes the one that is there', () => {
    const msg = 'NameTaken: the name east belongs to another cluster; set another cluster-name'
    assert.match(
      only(told(msg)).next?.command ?? '',
      /^kubectl create configmap mc-join-config --from-literal=cluster-name=east-[0-9a-f]{4} -n kasten-io --context here$/,
    )
    assert.match(
      only(told(msg, { hasConfig: seen(true) })).next?.command ?? '',
      /^kubectl patch configmap mc-join-config --type merge -p '\{"data":\{"cluster-name":"east-[0-9a-f]{4}"\}\}' -n/,
    )
  })

  it('keeps the exceptions from the proxy that there are', () => {
    const withProxy = operator('secondary', {
      deployment: seen({
        name: 'conjoin-secondary',
        replicas: 1,
        ready: 1,
        isDisabled: false,
        disabledArgument: undefined,
        noProxy: '10.0.0.0/8',
      }),
    })
    assert.equal(
      only(told('ProxyError: the proxy wants other credentials; check', { operator: withProxy })).next?.command,
      'kubectl set env deployment/conjoin-secondary NO_PROXY=10.0.0.0/8,primary.example.com -n kasten-io --context here',
    )
  })

  it('never deletes the only copy of a key: one that has been moved aside stays', () => {
    const msg = 'CloneSuspected: this identity belongs to another cluster; create a new mc-join'
    const aside = seen({ hasKeyAside: true, membership: undefined })
    assert.equal(only(told(msg, { identity: aside })).next?.command, retry)
    const copied = seen({ hasKeyAside: false, membership: undefined })
    assert.equal(
      only(told(msg, { identity: copied })).next?.command,
      `kubectl delete secret mc-identity -n kasten-io --context here && ${retry}`,
    )
  })

  it('believes of a name in a refusal only what can be a name', () => {
    const evil = 'KeyMismatch: this cluster is registered as $(reboot) with another key; delete it'
    assert.match(only(told(evil)).next?.command ?? '', /^kubectl delete clusters\.dist\.kio\.kasten\.io\/east -n/)
  })

  it('allows the very key that a refusal names, and of that only what can be a key', () => {
    const refused = (keyId: string) =>
      `KeyMismatch: this cluster is registered as east with another key; kubectl annotate clusters.dist.kio.kasten.io east -n kasten-io-mc dist.kio.kasten.io/allow-rebind=${keyId} --overwrite`
    const keyId = `-${'k'.repeat(42)}`
    const command = only(told(refused(keyId))).next?.command ?? ''
    assert.match(
      command,
      new RegExp(
        `^kubectl annotate clusters\\.dist\\.kio\\.kasten\\.io/east dist\\.kio\\.kasten\\.io/allow-rebind=${keyId} --overwrite -n `,
      ),
    )
    assert.ok(command.endsWith(` && ${retry}`))
    assert.match(only(told(refused(`$(reboot)${'k'.repeat(34)}`))).next?.command ?? '', /^kubectl delete /)
  })

  it('names the status that is about an older content', () => {
    const stale = seen({ ...status('Joined', ''), hash: 'older' })
    assert.deepEqual(codes(observation({ secondary: secondary({ status: stale }) })), ['wrong NotLookedAt'])
  })

  it('gives a secondary a moment to look at a new mc-join', () => {
    const fresh = { join: seen({ ...join(), createdAt: now - 1_000 }), status: nothing }
    assert.deepEqual(codes(observation({ secondary: secondary(fresh) })), ['note NotLookedAt'])
  })

  it('names why the primary of a member does not answer, and when it last did', () => {
    const lonely = status('Joined', '', {
      'contact-error': 'DnsFailure: the host name cannot be resolved; check the DNS',
      'last-contact': '2030-01-31T11:30:00Z',
    })
    const finding = only(observation({ secondary: secondary({ status: seen(lonely) }) }))
    assert.equal(finding.code, 'DnsFailure')
    assert.match(finding.what ?? '', /; the primary last answered at 2030-01-31T11:30:00Z$/)
  })
})
