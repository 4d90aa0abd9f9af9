/** A roll of the primary's signing key, step by step, as its Secret shows it and as a replica answers by it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Cluster, clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import { primaryIdentityName } from '../../../../src/api/primary-identity.ts'
import { configMapKind, type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { createTombstones } from '../../../../src/primary/cluster/tombstones.ts'
import { announcedFor, retiredAtLeast } from '../../../../src/primary/identity/roll.decide.ts'
import { createRollReconciler } from '../../../../src/primary/identity/roll.reconcile.ts'
import { readKeys } from '../../../../src/primary/identity/stored-keys.ts'
import { recordIssued } from '../../../../src/primary/join-token/issued-token.ts'
import { createIssuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey, toPrivatePem } from '../../../../src/protocol/keys.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { at, cluster, member, namespace, noon } from '../objects.fixture.ts'

const home = 'conjoin'
const key = { namespace: home, name: primaryIdentityName }
const joined = { type: 'Joined', status: 'True', reason: 'Joined', message: '', lastTransitionTime: '' } as const

function world() {
  const api = createMemoryApi()
  const clock = createManualClock({ now: noon })
  const first = generateSigningKey()
  const data = { key: Buffer.from(toPrivatePem(first)).toString('base64') }
  api.put(secretKind, { metadata: key, data })
  const secrets = api.cache(secretKind)
  const tokens = api.cache<Secret>(secretKind)
  const tombstones = createTombstones({
    client: api.client,
    informer: api.cache(configMapKind),
    events: { record: () => undefined },
    namespace,
    clock,
  })
  const clusters = api.cache<Cluster>(clusterKind)
  const { log, lines } = createRecordingLog()
  const leader = () =>
    createRollReconciler({ client: api.client, secrets, clusters, tokens, tombstones, primaryUid: 'p', clock })
  const stored = () => api.stored<Secret>(secretKind, primaryIdentityName, home)
  return {
    api,
    clock,
    first,
    lines,
    leader,
    reconcile: async (of = leader()) => {
      const outcome = await of(key, { log })
      api.sync()
      return outcome
    },
    keys: () => readKeys(stored()),
    annotate: (marks: Record<string, string>) => {
      const secret = stored()
      if (secret === undefined) throw new Error('there is no Secret')
      const annotated = { ...secret.metadata, annotations: { ...secret.metadata.annotations, ...marks } }
      api.put(secretKind, { ...secret, metadata: annotated })
    },
    restore: (secret: Secret) => void api.put(secretKind, secret),
    /** A member, with the key that it last named. */
    trusts: (name: string, primaryKeyId: string | undefined) => {
      const named = primaryKeyId === undefined ? {} : { primaryKeyId }
      api.put(clusterKind, cluster(name, { spec: { member: member() }, status: { conditions: [joined], ...named } }))
    },
  }
}

describe('a roll that is asked for', () => {
  it('announces a key, makes it current when the members have named it, and drops the old one an hour later', async () => {
    const { api, first, trusts, annotate, reconcile, keys, clock } = world()
    trusts('east', first.thumbprint)
    annotate({ [annotations.rotate]: 'monday' })
    await reconcile()
    const next = keys()?.next?.key
    assert.ok(next !== undefined && next.thumbprint !== first.thumbprint)
    assert.deepEqual([keys()?.current.thumbprint, keys()?.rotated], [first.thumbprint, 'monday'])
    assert.deepEqual(await reconcile(), { kind: 'again', afterMs: announcedFor })

    trusts('east', next.thumbprint)
    await reconcile()
    assert.equal(keys()?.current.thumbprint, next.thumbprint)
    assert.deepEqual(
      keys()?.retired.map(({ thumbprint }) => thumbprint),
      [first.thumbprint],
    )
    assert.deepEqual(await reconcile(), { kind: 'again', afterMs: retiredAtLeast })

    await clock.advance(retiredAtLeast)
    await reconcile()
    assert.deepEqual(keys()?.retired, [])
    const data = api.stored<Secret>(secretKind, primaryIdentityName, home)?.data ?? {}
    assert.deepEqual(Object.keys(data), ['key'], 'as before the roll')
    assert.deepEqual(await reconcile(), { kind: 'done' })
  })

  it('holds the old key while a join token is sealed with it, and no longer', async () => {
    const { api, first, annotate, reconcile, keys, clock } = world()
    const issued = { id: 'AAAAAAAAAAAAAAAA', publicKey: generateSigningKey() }
    const marks = recordIssued(createIssuer('p', first), issued)
    api.put(secretKind, { type: joinTokenType, metadata: { name: 'token', namespace, annotations: marks } })
    annotate({ [annotations.rotate]: '1' })
    await reconcile()
    await reconcile()
    await clock.advance(retiredAtLeast)
    assert.deepEqual(await reconcile(), { kind: 'done' })
    assert.equal(keys()?.retired.length, 1)
    api.removeUnseen(secretKind, 'token', namespace)
    api.sync()
    await reconcile()
    assert.equal(keys()?.retired.length, 0)
  })

  it('holds the old key for a member whose Cluster came back out of a backup without its status', async () => {
    const { api, annotate, reconcile, keys, clock, trusts } = world()
    const put = (name: string, creationTimestamp: string) => {
      const since = at(noon - 30 * 24 * 3_600_000)
      api.put(clusterKind, cluster(name, { spec: { member: member({ since }) }, metadata: { creationTimestamp } }))
    }
    put('restored', at(noon))
    annotate({ [annotations.rotate]: '1' })
    await reconcile()
    await clock.advance(announcedFor)
    await reconcile()
    await clock.advance(retiredAtLeast)
    await reconcile()
    assert.equal(keys()?.retired.length, 1)
    trusts('restored', keys()?.current.thumbprint)
    await reconcile()
    assert.equal(keys()?.retired.length, 0)
  })

  it('is made once by two leaders that both believe to lead', async () => {
    const { api, annotate, keys, leader, lines } = world()
    annotate({ [annotations.rotate]: '1' })
    const { log } = createRecordingLog()
    const both = await Promise.allSettled([leader()(key, { log }), leader()(key, { log })])
    assert.deepEqual(both.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
    assert.ok(keys()?.next !== undefined)
    assert.deepEqual(api.requests.filter((request) => request.startsWith('patch')).length, 2)
    assert.deepEqual(lines, [])
  })

  it('does nothing where there is no Secret: that is for others to restore', async () => {
    const { api, reconcile } = world()
    api.removeUnseen(secretKind, primaryIdentityName, home)
    api.sync()
    assert.deepEqual(await reconcile(), { kind: 'done' })
    assert.deepEqual(api.requests, [])
  })
})

describe('a compromised key', () => {
  it('is given up in one write, with a new one in its place', async () => {
    const { first, annotate, reconcile, keys, trusts, lines } = world()
    trusts('east', first.thumbprint)
    annotate({ [annotations.compromised]: first.thumbprint })
    await reconcile()
    assert.notEqual(keys()?.current.thumbprint, first.thumbprint)
    assert.deepEqual(keys()?.retired, [])
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [['warn', 'compromised signing keys are given up']],
    )
    const before = keys()?.current.thumbprint
    assert.deepEqual(await reconcile(), { kind: 'done' })
    assert.equal(keys()?.current.thumbprint, before, 'the annotation that stays makes no further key')
  })

  it('is given up again where an older Secret is put back as a whole, while a primary leads that has seen it named', async () => {
    const { api, first, annotate, reconcile, keys, leader, restore } = world()
    const leading = leader()
    const backup = api.stored<Secret>(secretKind, primaryIdentityName, home)
    assert.ok(backup)
    annotate({ [annotations.compromised]: first.thumbprint })
    await reconcile(leading)
    restore(backup)
    assert.equal(keys()?.current.thumbprint, first.thumbprint)
    await reconcile(leading)
    assert.notEqual(keys()?.current.thumbprint, first.thumbprint)
    assert.deepEqual(keys()?.compromised, [first.thumbprint], 'and is named again, for the leader after this one')
  })
})
