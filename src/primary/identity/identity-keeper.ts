/**
 * Holds the primary's signing keys for this process and keeps the Secret that stores them. Every replica runs it; none
 * serves before it has the keys. A roll of the keys is the leader's, in `roll.reconcile.ts`.
 */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { encodePrimaryIdentity, primaryIdentityName } from '../../api/primary-identity.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import type { Informer } from '../../kube/informer.ts'
import { type ObjectKey, type Secret, secretKind } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { shareReads } from '../../lib/shared-read.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Issuer } from '../../protocol/issuer.ts'
import { issuerNamed, type Keyring } from '../../protocol/keyring.ts'
import { generateSigningKey } from '../../protocol/keys.ts'
import { loadedKeyring } from '../state.ts'
import { claimSecret } from './claim-secret.ts'
import { decideIdentity } from './identity.decide.ts'
import { identityOf, keyringOf, readKeys, type StoredKeys } from './stored-keys.ts'

export interface IdentityDeps {
  readonly client: KubeClient
  /** Follows the one Secret. */
  readonly secrets: Informer<Secret>
  readonly clusters: Informer<Cluster>
  /** The join-token Secrets. */
  readonly tokens: Informer<Secret>
  /** The `--identity-namespace`. */
  readonly namespace: string
  /** UID of this cluster's `kube-system` namespace. */
  readonly primaryUid: string
  /** Called when the keys have been loaded, have changed, or are lost. */
  readonly onChange: () => void
  readonly clock: Clock
}

export interface IdentityKeeper {
  /** Undefined before the keys are loaded, and where they are lost. */
  keyring(): Keyring | undefined
  /**
   * The key with this thumbprint, the current one where none is named. One that is not known here is looked for on the API
   * server: the cache of this replica may lag behind a roll. Throws `ProtocolError`, `PrimaryKeyMismatch` where the primary
   * does not hold it, and `KubeApiError`.
   */
  readonly issuerNamed: (kid: string | undefined) => Promise<Issuer>
  readonly isLost: () => boolean
  readonly key: ObjectKey
  readonly reconcile: (key: ObjectKey, context: { log: Logger }) => Promise<Outcome>
}

/** A lost key comes back only by hand, with an event of its own; this is for the Clusters and tokens that go. */
const lookAgainMs = 10_000
/** Between the starts of two reads, milliseconds: names of keys that do not exist are anybody's to make up. */
const lookEvery = 500
/** Requests that wait for such a read. */
const maxWaiting = 256

export function createIdentityKeeper(deps: IdentityDeps): IdentityKeeper {
  const key = { namespace: deps.namespace, name: primaryIdentityName }
  const lookSoon = shareReads(async () => deps.client.get(secretKind, key), { every: lookEvery, clock: deps.clock })
  let held: { readonly keys: StoredKeys; readonly keyring: Keyring } | undefined
  let lost = false
  let waiting = 0
  let holding = Promise.resolve()

  /** One after the other, in the order in which they were seen: keys that are older must not come to lie on top. */
  async function hold(keys: StoredKeys): Promise<void> {
    const taken = holding.then(async () => takeOver(keys))
    holding = taken.catch(() => undefined)
    return taken
  }

  async function takeOver(keys: StoredKeys): Promise<void> {
    if (held !== undefined && fingerprint(held.keys) === fingerprint(keys)) return
    held = { keys, keyring: await keyringOf(keys, deps.primaryUid) }
    lost = false
    deps.onChange()
  }

  async function store(keys: StoredKeys): Promise<Outcome> {
    const { annotations, data } = encodePrimaryIdentity(identityOf(keys, deps.primaryUid))
    const secret = { metadata: { ...key, annotations }, type: 'Opaque', data }
    await hold(readKeys(await claimSecret(deps.client, secret)) ?? keys)
    return { kind: 'done' }
  }

  /**
   * What the API server shows takes the place of what is held; where it shows nothing, nothing is given up. Where the cache
   * has moved on in the meantime the answer may be older than that, and a key that was given up must not come back.
   */
  async function look(): Promise<void> {
    if (waiting >= maxWaiting) throw new ProtocolError('Busy', 'too many requests name a key that is not known')
    waiting += 1
    try {
      const before = versionOf(deps.secrets.get(key))
      const live = await lookSoon()
      const cached = deps.secrets.get(key)
      const keys = readKeys(versionOf(cached) === before ? live : cached)
      if (keys !== undefined) await hold(keys)
    } finally {
      waiting -= 1
    }
  }

  return {
    key,
    keyring: () => held?.keyring,
    async issuerNamed(kid) {
      const known = issuerNamed(loadedKeyring(held?.keyring), kid)
      if (known !== undefined) return known
      await look()
      const found = issuerNamed(loadedKeyring(held?.keyring), kid)
      if (found === undefined) throw new ProtocolError('PrimaryKeyMismatch')
      return found
    },
    isLost: () => lost,
    async reconcile(_key, { log }) {
      const decision = decideIdentity({
        stored: readKeys(deps.secrets.get(key)),
        held: held?.keys,
        reliedOn: isReliedOn(deps),
      })
      switch (decision.kind) {
        case 'use':
          await hold(decision.keys)
          log.debug({ kid: decision.keys.current.thumbprint }, 'signing key loaded')
          return { kind: 'done' }
        case 'write-back':
          log.warn(
            { kid: decision.keys.current.thumbprint },
            'the Secret of the signing key was gone; it is written back',
          )
          return store(decision.keys)
        case 'make':
          log.info({}, 'a signing key is made')
          return store({ current: generateSigningKey(), retired: [], compromised: [] })
        case 'lost':
          if (!lost)
            log.error(
              { secret: primaryIdentityName, namespace: deps.namespace },
              'the signing key is lost; restore its Secret',
            )
          lost = true
          deps.onChange()
          return { kind: 'again', afterMs: lookAgainMs }
      }
    },
  }
}

function versionOf(secret: Secret | undefined): string | undefined {
  return secret?.metadata.resourceVersion
}

/** Two that are equal hold the same keys in the same places. */
function fingerprint({ current, next, retired, ...marks }: StoredKeys): string {
  const kids = [current, next?.key, ...retired].map((signing) => signing?.thumbprint ?? null)
  const { promotedAt = null, rotated = null, compromised } = marks
  return JSON.stringify([kids, next?.announcedAt ?? null, promotedAt, rotated, compromised])
}

function isReliedOn({ clusters, tokens }: IdentityDeps): boolean {
  return (
    clusters.list().some((cluster) => cluster.spec.member !== undefined) ||
    tokens.list().some((secret) => secret.metadata.annotations?.[annotations.tokenId] !== undefined)
  )
}
