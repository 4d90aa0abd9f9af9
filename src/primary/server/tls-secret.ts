/**
 * The Secret of the primary's own TLS certificate: made once by whichever replica comes first, used by all, and renewed by
 * the leader. A replica takes over what it finds there in `served-certificate.ts`.
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
import { decideRenewal, type RenewalDecision } from './renewal.decide.ts'

/** Secondaries trust the key and not the dates; clients that do look at dates find a long life. */
const days = 3_650

/**
 * Reads the certificate, or makes one for these hosts. `now` is ms since the epoch. Throws `KubeApiError`, and `Error`
 * where a Secret of our name holds no certificate.
 */
export async function loadCertificate(
  client: KubeClient,
  options: { namespace: string; hosts: readonly string[]; now: number },
): Promise<Certificate> {
  const key = { namespace: options.namespace, name: primaryTlsName }
  const stored = (await client.get<Secret>(secretKind, key)) ?? (await make(client, key, options))
  const pair = decodeTlsPair(stored.data)
  if (pair === undefined) throw new Error(`the Secret ${primaryTlsName} holds no certificate; restore or delete it`)
  return { certificatePem: pair.certificate, privateKeyPem: pair.privateKey.reveal() }
}

export interface RenewalDeps {
  readonly client: KubeClient
  /** Follows the one Secret. */
  readonly secrets: Informer<Secret>
  readonly hosts: readonly string[]
  readonly clock: Clock
}

/** Renews the certificate before it ends, in one write that is bound to the version that was looked at. */
export function createRenewalReconciler({ client, secrets, hosts, clock }: RenewalDeps) {
  return async (key: ObjectKey, { log }: { log: Logger }): Promise<Outcome> => {
    const secret = secrets.get(key)
    const decision = decideRenewal(decodeTlsPair(secret?.data)?.certificate, clock.now())
    if (secret === undefined || decision.kind === 'keep') return again(decision)
    const { resourceVersion } = secret.metadata
    const data = await newPair({ hosts, now: clock.now() })
    await client.mergePatch(secretKind, key, { metadata: { resourceVersion }, data }, { fieldManager })
    log.info({ secret: primaryTlsName }, 'the TLS certificate is renewed')
    return { kind: 'done' }
  }
}

/** Days, not years: a clock that is put right in between is noticed. */
const lookEvery = 24 * 3_600_000

function again(decision: RenewalDecision): Outcome {
  if (decision.kind === 'renew' || decision.afterMs === undefined) return { kind: 'done' }
  return { kind: 'again', afterMs: Math.min(decision.afterMs, lookEvery) }
}

async function make(
  client: KubeClient,
  key: { namespace: string; name: string },
  options: { hosts: readonly string[]; now: number },
): Promise<Secret> {
  return claimSecret(client, { metadata: key, type: primaryTlsType, data: await newPair(options) })
}

async function newPair({ hosts, now }: { hosts: readonly string[]; now: number }): Promise<Record<string, string>> {
  const made = await createSelfSignedCertificate({ hosts, days, now })
  return encodeTlsPair({ certificate: made.certificatePem, privateKey: new Redacted(made.privateKeyPem) })
}
