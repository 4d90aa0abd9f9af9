/**
 * The Secret of the primary's own TLS certificate: made by whichever replica comes first, used by all, and renewed by the
 * leader, which makes another one where it is gone. A replica takes over what it finds there in `served-certificate.ts`.
 */
import { decodeTlsPair, encodeTlsPair, primaryTlsName, primaryTlsType } from '../../api/primary-tls.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import type { Informer } from '../../kube/informer.ts'
import { type ObjectKey, type Secret, secretKind } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { Redacted } from '../../lib/redacted.ts'
import { fieldManager } from '../field-manager.ts'
import { claimSecret } from '../identity/claim-secret.ts'
import { type Certificate, createSelfSignedCertificate } from './certificate.ts'
import { isUsable, readCertificate } from './certificate-pair.ts'
import { decideRenewal, type RenewalDecision } from './renewal.decide.ts'

/** Secondaries trust the key and not the dates; clients that do look at dates find a long life. */
const days = 3_650

/**
 * Reads the certificate, or makes one for these hosts. `now` is ms since the epoch. Throws `KubeApiError`, and `Error`
 * where a Secret of our name holds none that can be used.
 */
export async function loadCertificate(
  client: KubeClient,
  options: { namespace: string; hosts: readonly string[]; now: number },
): Promise<Certificate> {
  const key = { namespace: options.namespace, name: primaryTlsName }
  const stored = (await client.get<Secret>(secretKind, key)) ?? (await make(client, key, options))
  return readCertificate(stored.data)
}

export interface RenewalDeps {
  readonly client: KubeClient
  /** Follows the one Secret. */
  readonly secrets: Informer<Secret>
  readonly hosts: readonly string[]
  /** Tells people that the Secret holds nothing that can be shown. */
  readonly tellUnusable: (note: string) => void
  readonly clock: Clock
}

/** Who puts another one in its place by deleting it first has so long to do it, milliseconds. */
const replacementTime = 30_000

/**
 * Renews the certificate before it ends, in one write that is bound to the version that was looked at, and makes another
 * where it is gone.
 */
export function createRenewalReconciler({ client, secrets, hosts, tellUnusable, clock }: RenewalDeps) {
  /** Monotonic, milliseconds. */
  let goneSince: number | undefined

  async function replace(key: ObjectKey, log: Logger): Promise<Outcome> {
    goneSince ??= clock.monotonic()
    const left = goneSince + replacementTime - clock.monotonic()
    if (left > 0) return { kind: 'again', afterMs: left }
    await make(client, key, { hosts, now: clock.now() })
    log.warn({ secret: primaryTlsName }, 'the TLS certificate was gone; another one is made')
    return { kind: 'done' }
  }

  return async (key: ObjectKey, { log }: { log: Logger }): Promise<Outcome> => {
    const secret = secrets.get(key)
    if (secret === undefined) return replace(key, log)
    goneSince = undefined
    if (!isUsable(secret.data)) {
      tellUnusable(unusable)
      return { kind: 'done' }
    }
    const decision = decideRenewal(decodeTlsPair(secret.data)?.certificate, clock.now())
    if (decision.kind === 'keep') return again(decision)
    const { resourceVersion } = secret.metadata
    const data = await newPair({ hosts, now: clock.now() })
    await client.mergePatch(secretKind, key, { metadata: { resourceVersion }, data }, { fieldManager })
    log.info({ secret: primaryTlsName }, 'the TLS certificate is renewed')
    return { kind: 'done' }
  }
}

const unusable = `the Secret ${primaryTlsName} in the namespace of the operator holds no certificate with its key; the one before it is shown until the next start, which fails; repair the Secret, or delete it to have one made`

/** Days, not years: a clock that is put right in between is noticed. */
const lookEvery = 24 * 3_600_000

function again(decision: RenewalDecision): Outcome {
  if (decision.kind === 'renew' || decision.afterMs === undefined) return { kind: 'done' }
  return { kind: 'again', afterMs: Math.min(decision.afterMs, lookEvery) }
}

async function make(
  client: KubeClient,
  key: ObjectKey,
  options: { hosts: readonly string[]; now: number },
): Promise<Secret> {
  return claimSecret(client, { metadata: key, type: primaryTlsType, data: await newPair(options) })
}

async function newPair({ hosts, now }: { hosts: readonly string[]; now: number }): Promise<Record<string, string>> {
  const made = await createSelfSignedCertificate({ hosts, days, now })
  return encodeTlsPair({ certificate: made.certificatePem, privateKey: new Redacted(made.privateKeyPem) })
}
