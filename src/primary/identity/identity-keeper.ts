/**
 * Holds the primary's signing key for this process and keeps the Secret that stores it. Every replica runs it; none
 * serves before it has the key.
 */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { decodePrimaryIdentity, encodePrimaryIdentity, primaryIdentityName } from '../../api/primary-identity.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import { TerminalError } from '../../kube/controller.ts'
import type { Informer } from '../../kube/informer.ts'
import type { ObjectKey, Secret } from '../../kube/objects.ts'
import type { Logger } from '../../lib/logger.ts'
import { Redacted } from '../../lib/redacted.ts'
import type { Issuer } from '../../protocol/challenge.ts'
import { generateSigningKey, type SigningKey, signingKeyFromPem, toPrivatePem } from '../../protocol/keys.ts'
import { nonceKeyOf } from '../../protocol/nonce.ts'
import { claimSecret } from './claim-secret.ts'
import { decideIdentity } from './identity.decide.ts'

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
  /** Called when the key has been loaded or lost. */
  readonly onChange: () => void
}

export interface IdentityKeeper {
  /** Undefined before the key is loaded, and where it is lost. */
  issuer(): Issuer | undefined
  readonly isLost: () => boolean
  readonly key: ObjectKey
  readonly reconcile: (key: ObjectKey, context: { log: Logger }) => Promise<Outcome>
}

/** A lost key comes back only by hand, with an event of its own; this is for the Clusters and tokens that go. */
const lookAgainMs = 10_000

export function createIdentityKeeper(deps: IdentityDeps): IdentityKeeper {
  const key = { namespace: deps.namespace, name: primaryIdentityName }
  let issuer: Issuer | undefined
  let lost = false

  function hold(signing: SigningKey): void {
    if (issuer?.key.thumbprint === signing.thumbprint) return
    issuer = { uid: deps.primaryUid, key: signing, nonceKey: nonceKeyOf(signing) }
    lost = false
    deps.onChange()
  }

  async function store(signing: SigningKey): Promise<Outcome> {
    const { annotations, data } = encodePrimaryIdentity({
      clusterUid: deps.primaryUid,
      privateKey: new Redacted(toPrivatePem(signing)),
    })
    const secret = { metadata: { ...key, annotations }, type: 'Opaque', data }
    hold(readKey(await claimSecret(deps.client, secret)) ?? signing)
    return { kind: 'done' }
  }

  return {
    key,
    issuer: () => issuer,
    isLost: () => lost,
    async reconcile(_key, { log }) {
      const decision = decideIdentity({
        stored: readKey(deps.secrets.get(key)),
        held: issuer?.key,
        reliedOn: isReliedOn(deps),
      })
      switch (decision.kind) {
        case 'use':
          hold(decision.key)
          log.debug({ kid: decision.key.thumbprint }, 'signing key loaded')
          return { kind: 'done' }
        case 'write-back':
          log.warn({ kid: decision.key.thumbprint }, 'the Secret of the signing key was gone; it is written back')
          return store(decision.key)
        case 'make':
          log.info({}, 'a signing key is made')
          return store(generateSigningKey())
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

function isReliedOn({ clusters, tokens }: IdentityDeps): boolean {
  return (
    clusters.list().some((cluster) => cluster.spec.member !== undefined) ||
    tokens.list().some((secret) => secret.metadata.annotations?.[annotations.tokenId] !== undefined)
  )
}

/** Throws `TerminalError` for a Secret under our name that holds no usable key: it is somebody's, and never overwritten. */
function readKey(secret: Secret | undefined): SigningKey | undefined {
  if (secret === undefined) return undefined
  const stored = decodePrimaryIdentity(secret)
  if (stored === undefined)
    throw new TerminalError(`the Secret ${primaryIdentityName} holds no key; restore or delete it`)
  try {
    return signingKeyFromPem(stored.privateKey.reveal())
  } catch (error) {
    throw new TerminalError(`the Secret ${primaryIdentityName} holds no Ed25519 private key; restore or delete it`, {
      cause: error,
    })
  }
}
