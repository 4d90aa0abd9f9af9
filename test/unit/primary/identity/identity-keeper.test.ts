/** The primary's signing key over its life: made once, used, written back, and never replaced where it is relied on. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import { primaryIdentityName } from '../../../../src/api/primary-identity.ts'
import type { Outcome } from '../../../../src/kube/controller.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { systemClock } from '../../../../src/lib/clock.ts'
import { createIdentityKeeper } from '../../../../src/primary/identity/identity-keeper.ts'
import { generateSigningKey, toPrivatePem } from '../../../../src/protocol/keys.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { createMemoryApi, failure, type MemoryApi } from '../memory-api.fixture.ts'
import { cluster, member, namespace } from '../objects.fixture.ts'

const home = 'conjoin'
const east = cluster('east', { spec: { member: member() } })
const filledToken: Secret = {
  type: joinTokenType,
  metadata: { name: 'token', namespace, annotations: { [annotations.tokenId]: 'AAAAAAAAAAAAAAAA' } },
}

/** A replica of the primary, with caches of its own. */
function replica(api: MemoryApi, client = api.client) {
  let changes = 0
  const { log, lines } = createRecordingLog()
  const keeper = createIdentityKeeper({
    client,
    secrets: api.cache(secretKind),
    clusters: api.cache(clusterKind),
    tokens: api.cache(secretKind),
    namespace: home,
    primaryUid: 'uid-primary',
    clock: systemClock,
    onChange: () => {
      changes += 1
    },
  })
  return {
    reconcile: async (): Promise<Outcome> => keeper.reconcile(keeper.key, { log }),
    issuerNamed: keeper.issuerNamed,
    thumbprint: () => keeper.keyring()?.current.key.thumbprint,
    isLost: keeper.isLost,
    changes: () => changes,
    lines,
  }
}

const storedKey = (api: MemoryApi) => api.stored(secretKind, primaryIdentityName, home)?.data?.['key']
const writes = (api: MemoryApi) => api.requests.filter((request) => !/^(get|list) /.test(request))

function identitySecret(pem: string): Secret {
  return {
    metadata: { name: primaryIdentityName, namespace: home },
    data: { key: Buffer.from(pem).toString('base64') },
  }
}

describe('a primary without a key', () => {
  it('makes one where nothing relies on an older one, and names the cluster it is for', async () => {
    const api = createMemoryApi()
    api.put(clusterKind, cluster('registered-ahead'))
    api.put(secretKind, { type: joinTokenType, metadata: { name: 'unfilled', namespace } })
    const first = replica(api)
    assert.equal(first.thumbprint(), undefined)
    assert.deepEqual(await first.reconcile(), { kind: 'done' })
    assert.match(first.thumbprint() ?? '', /^[\w-]{43}$/)
    const stored = api.stored(secretKind, primaryIdentityName, home)
    assert.equal(stored?.metadata.annotations?.[annotations.clusterUid], 'uid-primary')
    assert.equal(first.changes(), 1)
  })

  it('makes none where a Cluster has a member, or a token an id: it serves nothing and says so once', async () => {
    for (const relying of ['member', 'token']) {
      const api = createMemoryApi()
      if (relying === 'member') api.put(clusterKind, east)
      else api.put(secretKind, filledToken)
      const only = replica(api)
      assert.equal((await only.reconcile()).kind, 'again', relying)
      assert.equal((await only.reconcile()).kind, 'again', relying)
      assert.deepEqual([only.thumbprint(), only.isLost()], [undefined, true], relying)
      assert.deepEqual(writes(api), [], relying)
      const errors = only.lines.filter(({ level }) => level === 'error')
      assert.deepEqual(
        errors.map(({ message, fields }) => [message, fields]),
        [['the signing key is lost; restore its Secret', { secret: primaryIdentityName, namespace: home }]],
      )
    }
  })

  it('serves again once the Secret is restored', async () => {
    const api = createMemoryApi()
    api.put(clusterKind, east)
    const only = replica(api)
    await only.reconcile()
    const key = generateSigningKey()
    api.put(secretKind, identitySecret(toPrivatePem(key)))
    await only.reconcile()
    assert.deepEqual([only.thumbprint(), only.isLost()], [key.thumbprint, false])
  })

  it('makes one again when what relied on the lost one has gone', async () => {
    const api = createMemoryApi()
    api.put(clusterKind, east)
    const only = replica(api)
    await only.reconcile()
    api.removeUnseen(clusterKind, 'east', namespace)
    api.sync()
    await only.reconcile()
    assert.deepEqual([only.thumbprint() === undefined, only.isLost()], [false, false])
  })
})

describe('two replicas that start at once', () => {
  it('end with the one key that is stored', async () => {
    const api = createMemoryApi()
    const [first, second] = [replica(api), replica(api)]
    await Promise.all([first.reconcile(), second.reconcile()])
    const third = replica(api)
    await third.reconcile()
    assert.notEqual(third.thumbprint(), undefined)
    assert.deepEqual([first.thumbprint(), second.thumbprint()], [third.thumbprint(), third.thumbprint()])
  })
})

describe('a Secret of the key that was deleted', () => {
  it('is written back with the same key by a replica that still holds it', async () => {
    const api = createMemoryApi()
    const holder = replica(api)
    await holder.reconcile()
    api.put(clusterKind, east)
    const key = storedKey(api)
    api.removeUnseen(secretKind, primaryIdentityName, home)
    api.sync()
    const fresh = replica(api)
    assert.equal((await fresh.reconcile()).kind, 'again')
    assert.equal(fresh.thumbprint(), undefined)
    await holder.reconcile()
    assert.equal(storedKey(api), key)
    api.sync()
    await fresh.reconcile()
    assert.equal(fresh.thumbprint(), holder.thumbprint())
  })

  it('still names the keys that were given up when it is written back: an older backup of it may come later', async () => {
    const api = createMemoryApi()
    const holder = replica(api)
    await holder.reconcile()
    const stored = api.stored<Secret>(secretKind, primaryIdentityName, home)
    assert.ok(stored)
    const marks = { ...stored.metadata.annotations, [annotations.compromised]: 'leaked' }
    api.put(secretKind, { ...stored, metadata: { ...stored.metadata, annotations: marks } })
    await holder.reconcile()
    api.removeUnseen(secretKind, primaryIdentityName, home)
    api.sync()
    await holder.reconcile()
    const back = api.stored(secretKind, primaryIdentityName, home)
    assert.equal(back?.metadata.annotations?.[annotations.compromised], 'leaked')
  })

  it('is written back as it was even where nothing relies on it', async () => {
    const api = createMemoryApi()
    const holder = replica(api)
    await holder.reconcile()
    const key = storedKey(api)
    api.removeUnseen(secretKind, primaryIdentityName, home)
    api.sync()
    await holder.reconcile()
    assert.equal(storedKey(api), key)
  })
})

describe('a Secret under the name of the key that is not one', () => {
  it('is never overwritten, and serves nothing', async () => {
    for (const text of ['', 'no key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n']) {
      const api = createMemoryApi()
      api.put(secretKind, identitySecret(text))
      const only = replica(api)
      await assert.rejects(only.reconcile(), (error: Error) => {
        assert.equal(error.name, 'TerminalError')
        assert.match(error.message, /^the Secret mc-primary-identity holds no .*; restore or delete it$/)
        return true
      })
      assert.equal(only.thumbprint(), undefined)
      assert.deepEqual(writes(api), [])
    }
  })

  it('is somebody who was faster: it is not overwritten either where the cache does not show it yet', async () => {
    const api = createMemoryApi()
    const only = replica(api)
    const key = generateSigningKey()
    api.putUnseen(secretKind, identitySecret(toPrivatePem(key)))
    await only.reconcile()
    assert.equal(only.thumbprint(), key.thumbprint)
    assert.equal(storedKey(api), identitySecret(toPrivatePem(key)).data?.['key'])
  })
})

describe('an API server that does not store the key', () => {
  it('leaves the primary without one, to try again', async () => {
    const api = createMemoryApi()
    const only = replica(api)
    api.before = () => {
      throw failure(0, 'ECONNREFUSED')
    }
    await assert.rejects(only.reconcile(), { name: 'KubeApiError' })
    assert.equal(only.thumbprint(), undefined)
  })
})

describe('a key that the cache of a replica does not show yet', () => {
  const [old, young] = [generateSigningKey(), generateSigningKey()]
  const rolled = (): Secret => {
    const { data, metadata } = identitySecret(toPrivatePem(young))
    return { metadata, data: { ...data, retired: Buffer.from(toPrivatePem(old)).toString('base64') } }
  }

  it('is found on the API server when it is named, and the old one signs on', async () => {
    const api = createMemoryApi()
    api.put(secretKind, identitySecret(toPrivatePem(old)))
    const lagging = replica(api)
    await lagging.reconcile()
    api.putUnseen(secretKind, rolled())
    assert.equal((await lagging.issuerNamed(young.thumbprint)).key.thumbprint, young.thumbprint)
    assert.equal((await lagging.issuerNamed(old.thumbprint)).key.thumbprint, old.thumbprint)
    assert.deepEqual([lagging.thumbprint(), lagging.changes()], [young.thumbprint, 2])
  })

  it('is not taken from an answer that was slower than the news of another key', async () => {
    const api = createMemoryApi()
    api.put(secretKind, identitySecret(toPrivatePem(old)))
    const [underWay, arrival] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const slow: MemoryApi['client'] = {
      ...api.client,
      async get(...asked) {
        const answer = await api.client.get(...asked)
        underWay.resolve()
        await arrival.promise
        return answer
      },
    }
    const only = replica(api, slow)
    await only.reconcile()
    const asking = assert.rejects(only.issuerNamed('nobody'), { code: 'PrimaryKeyMismatch' })
    await underWay.promise
    api.put(secretKind, identitySecret(toPrivatePem(young)))
    await only.reconcile()
    arrival.resolve()
    await asking
    assert.equal(only.thumbprint(), young.thumbprint)
    await assert.rejects(only.issuerNamed(old.thumbprint), { code: 'PrimaryKeyMismatch' })
  })

  it('is looked for once, however many ask, and refused where the primary does not hold it', async () => {
    const api = createMemoryApi()
    api.put(secretKind, identitySecret(toPrivatePem(old)))
    const only = replica(api)
    await only.reconcile()
    const before = api.requests.length
    const asked = Array.from({ length: 20 }, async () => only.issuerNamed(young.thumbprint))
    for (const { status } of await Promise.allSettled(asked)) assert.equal(status, 'rejected')
    await assert.rejects(only.issuerNamed(young.thumbprint), { code: 'PrimaryKeyMismatch' })
    assert.deepEqual(api.requests.slice(before), Array(2).fill(`get secrets ${primaryIdentityName}`))
    assert.equal(only.thumbprint(), old.thumbprint)
  })

  it('is not needed by whoever names none, or one that is known: nothing is read', async () => {
    const api = createMemoryApi()
    api.put(secretKind, identitySecret(toPrivatePem(old)))
    const only = replica(api)
    await only.reconcile()
    const before = api.requests.length
    await only.issuerNamed(undefined)
    await only.issuerNamed(old.thumbprint)
    assert.equal(api.requests.length, before)
  })
})
