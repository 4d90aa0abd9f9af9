import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { observe } from '../../../../../src/cli/diagnosis/gather/observe.ts'
import { KubeApiError } from '../../../../../src/kube/errors.ts'
import type { KubeObject } from '../../../../../src/kube/objects.ts'
import { generateSigningKey, toPrivatePem } from '../../../../../src/protocol/keys.ts'
import { issueToken } from '../../../../../src/protocol/token.ts'
import { clientOf, encoded, type Stored } from './stored.fixture.ts'

const machine = Date.parse('2030-01-31T12:00:00Z')
const clock = { now: () => machine, sleep: async () => undefined }

async function seen(stored: Stored, named = {}) {
  return observe({ client: clientOf(stored), clock }, named)
}

function secret(name: string, values: Readonly<Record<string, string>>, more: object = {}): KubeObject {
  return {
    kind: 'Secret',
    metadata: { namespace: 'kasten-io', name, creationTimestamp: '2030-01-31T11:00:00Z' },
    data: encoded(values),
    ...more,
  } as KubeObject
}

const token = issueToken({ uid: 'primary', key: generateSigningKey(), endpoints: ['https://primary.example.com'] })
const key = toPrivatePem(generateSigningKey())

describe('what a diagnosis gathers', () => {
  it('is nothing on a cluster without conjoin, and that is no failure', async () => {
    const stored = { forbidden: ['get customresourcedefinitions'], unserved: ['bootstraps', 'clusters'] }
    const { primary, secondary, unread } = await seen(stored)
    assert.deepEqual(
      [primary.bootstraps, primary.clusters, secondary.join, secondary.status],
      [
        { kind: 'read', value: [] },
        { kind: 'read', value: [] },
        { kind: 'read', value: undefined },
        { kind: 'read', value: undefined },
      ],
    )
    assert.deepEqual(unread, [
      'may not get customresourcedefinitions.apiextensions.k8s.io bootstraps.dist.kio.kasten.io',
    ])
  })

  it('names what may not be read, and goes on', async () => {
    const { primary, unread } = await seen({ forbidden: ['list secrets', 'get leases'] })
    assert.equal(primary.tokens.kind, 'unread')
    assert.equal(primary.operator.lease.kind, 'unread')
    assert.deepEqual(unread.toSorted(), [
      'may not get leases.coordination.k8s.io conjoin-system/conjoin-primary',
      'may not get leases.coordination.k8s.io kasten-io/conjoin-secondary',
      'may not list secrets kasten-io-mc',
    ])
  })

  it('waits for no mc-join-config that is there without a key, which Kubernetes stores without data', async () => {
    const join = secret('mc-join', { token: token.text.reveal() })
    const config = { kind: 'ConfigMap', metadata: { namespace: 'kasten-io', name: 'mc-join-config' } }
    const waiting = await seen({ objects: [join] })
    const complete = await seen({ objects: [join, config] })
    const [before, after] = [waiting, complete].map(({ secondary }) => JSON.stringify(secondary.join))
    assert.match(before ?? '', /"waitingForConfig":true/)
    assert.match(after ?? '', /"waitingForConfig":false/)
  })

  it('ends where the API server fails', async () => {
    const broken = { ...clientOf({}), list: async () => Promise.reject(failure) }
    const failure = new KubeApiError({ verb: 'list', resource: 'secrets' }, { status: 500, reason: 'X', message: 'no' })
    await assert.rejects(observe({ client: broken, clock }, {}), failure)
  })

  it('holds no secret that could be printed', async () => {
    const all = await seen({
      objects: [
        secret('mc-join', { token: token.text.reveal(), endpoint: 'https://primary.example.com' }),
        secret('mc-identity', { key, token: 'communication' }),
        secret('mc-cluster-info', { token: 'communication' }),
        {
          kind: 'Secret',
          metadata: { namespace: 'conjoin-system', name: 'mc-primary-identity' },
          data: encoded({ key }),
        } as KubeObject,
        {
          kind: 'Secret',
          metadata: { namespace: 'kasten-io-mc', name: 'join-token' },
          data: encoded({ token: token.text.reveal() }),
        } as KubeObject,
      ],
    })
    const printed = JSON.stringify(all)
    assert.match(printed, /"tokenEndpoints":\["https:\/\/primary\.example\.com"\]/)
    for (const text of [token.text.reveal(), key.split('\n')[1] ?? '', 'communication'])
      for (const form of [text, Buffer.from(text).toString('base64')]) assert.ok(!printed.includes(form), text)
  })

  it('takes the time from the API server, and tells by how much this machine differs', async () => {
    const stamped = { metadata: { creationTimestamp: '2030-01-31T11:58:00Z' } }
    const { now, skew } = await seen({ answers: { SelfSubjectReview: () => stamped } })
    assert.deepEqual([now, skew], [machine - 120_000, 120_000])
    assert.equal((await seen({ forbidden: ['create selfsubjectreviews'] })).now, machine)
  })

  it('looks where the deployments are, unless it is told where', async () => {
    const deployment = (role: string, namespace: string, args: readonly string[]) =>
      ({
        kind: 'Deployment',
        metadata: { name: `conjoin-${role}`, namespace, labels: { 'app.kubernetes.io/component': role } },
        spec: { template: { spec: { containers: [{ args }] } } },
      }) as KubeObject
    const objects = [
      deployment('primary', 'hub', ['primary', '--namespace=fleet']),
      deployment('secondary', 'backup', ['secondary']),
    ]
    const found = await seen({ objects })
    assert.deepEqual(
      [found.primary.namespace, found.primary.operator.namespace, found.secondary.namespace],
      ['fleet', 'hub', 'backup'],
    )
    const told = await seen({ objects }, { primary: 'a', operator: 'b', secondary: 'c' })
    assert.deepEqual(
      [told.primary.namespace, told.primary.operator.namespace, told.secondary.namespace],
      ['a', 'b', 'c'],
    )
  })

  it("never lists another program's objects as its own, and counts them", async () => {
    const { primary } = await seen({
      objects: [
        {
          kind: 'CustomResourceDefinition',
          metadata: { name: 'clusters.dist.kio.kasten.io' },
          spec: { versions: [{ name: 'v2', served: true }] },
        } as KubeObject,
        { kind: 'Cluster', metadata: { name: 'theirs', namespace: 'elsewhere' } },
      ],
    })
    assert.deepEqual(primary.definitions, {
      kind: 'read',
      value: [
        { name: 'bootstraps.dist.kio.kasten.io', state: 'missing' },
        { name: 'clusters.dist.kio.kasten.io', state: 'foreign', objects: 1 },
      ],
    })
    assert.equal(primary.clusters.kind, 'unread')
  })

  it('knows the Secrets that a user has put under our names', async () => {
    const { secondary } = await seen({
      objects: [secret('mc-join-status', { note: 'mine' }, { type: 'example.com/x' })],
    })
    assert.deepEqual(
      secondary.foreign.map(({ name }) => name),
      ['mc-join-status'],
    )
  })

  it('knows a key of this cluster that cannot be used', async () => {
    const judged = async (values: Readonly<Record<string, string>>) =>
      (await seen({ objects: [secret('mc-identity', values)] })).secondary.foreign.map(({ because }) => because)
    assert.deepEqual(await judged({ key }), [])
    assert.deepEqual(await judged({}), [])
    const damaged = 'the Secret mc-identity holds no usable key; restore it, or delete it to get a new one'
    assert.deepEqual(await judged({ key: key.slice(0, 60) }), [damaged])
    assert.deepEqual(await judged({ note: 'mine' }), [damaged])
  })
})
