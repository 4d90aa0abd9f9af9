/** One join-token Secret from its issue on, as its user reads it after the primary's key was given up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { clusterKind } from '../../../../src/api/cluster.ts'
import { annotations } from '../../../../src/api/group.ts'
import { joinTokenType } from '../../../../src/api/join-token-secret.ts'
import type { EventInput } from '../../../../src/kube/events.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { clusterIndexes } from '../../../../src/primary/cluster-lookup.ts'
import { createJoinTokenReconciler } from '../../../../src/primary/join-token/join-token.reconcile.ts'
import { createKeyring } from '../../../../src/protocol/keyring.ts'
import { generateSigningKey, type SigningKey } from '../../../../src/protocol/keys.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createMemoryApi } from '../memory-api.fixture.ts'
import { namespace, noon } from '../objects.fixture.ts'
import { silentLog } from '../silent-log.fixture.ts'

const key = { namespace, name: 'token' }

function world() {
  const api = createMemoryApi()
  const events: EventInput[] = []
  const primary = { uid: 'uid-primary', key: generateSigningKey(), retired: [] as SigningKey[] }
  const reconcile = createJoinTokenReconciler({
    client: api.client,
    secrets: api.cache(secretKind),
    clusters: api.cache(clusterKind, clusterIndexes),
    serving: () => ({
      keyring: createKeyring(primary.uid, { current: primary.key, retired: primary.retired }),
      name: 'primary-cluster-1',
      endpoint: 'https://primary.example.com',
      interval: 20_000,
    }),
    events: { record: (event) => events.push(event), flush: async () => undefined },
    clock: createManualClock({ now: noon }),
  })
  /** What is stored once nothing is left to be done. */
  async function settled(): Promise<Secret> {
    for (let before = ''; ; ) {
      api.sync()
      await reconcile(key, { log: silentLog })
      const stored = api.stored<Secret>(secretKind, key.name, namespace)
      assert.ok(stored !== undefined)
      if (stored.metadata.resourceVersion === before) return stored
      before = stored.metadata.resourceVersion ?? ''
    }
  }
  /** A token that was issued, and blanked where that is asked for. */
  async function issued(redact?: 'now'): Promise<Secret> {
    api.put<Secret>(secretKind, { type: joinTokenType, metadata: key })
    const filled = await settled()
    if (redact === undefined) return filled
    const marked = { ...filled.metadata.annotations, [annotations.redact]: redact }
    api.put<Secret>(secretKind, { ...filled, metadata: { ...filled.metadata, annotations: marked } })
    return settled()
  }
  return { api, events, primary, issued, settled }
}

const errorOf = (secret: Secret) => secret.metadata.annotations?.[annotations.tokenError]

describe('a join token whose signing key', () => {
  it('is given up says so, also where it was blanked and nobody can read it any more', async () => {
    for (const redact of [undefined, 'now'] as const) {
      const { events, primary, issued, settled } = world()
      const secret = await issued(redact)
      assert.equal(secret.data?.['token'] === '', redact === 'now')
      assert.equal(errorOf(secret), undefined)
      primary.key = generateSigningKey()
      assert.match(
        errorOf(await settled()) ?? '',
        /^the token is pinned to a signing key that this primary has given up/,
      )
      assert.deepEqual(
        events.map(({ reason }) => reason),
        ['TokenKeyRetired'],
      )
    }
  })

  it('is retired and still held has no fault', async () => {
    const { events, primary, issued, settled } = world()
    await issued('now')
    primary.retired = [primary.key]
    primary.key = generateSigningKey()
    assert.equal(errorOf(await settled()), undefined)
    assert.deepEqual(events, [])
  })

  it('is that of another primary was not issued here', async () => {
    for (const uid of ['uid-another', 'uid-primary-too', 'uid']) {
      const { events, primary, issued, settled } = world()
      await issued('now')
      Object.assign(primary, { uid, key: generateSigningKey() })
      assert.match(
        errorOf(await settled()) ?? '',
        /^token-id is set already, and this primary did not issue that token/,
      )
      assert.deepEqual(
        events.map(({ reason }) => reason),
        ['TokenNotIssued'],
      )
    }
  })
})
