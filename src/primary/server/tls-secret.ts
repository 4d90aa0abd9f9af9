/** The Secret of the primary's own TLS certificate: made once by whichever replica comes first, used by all. */
import { decodeTlsPair, encodeTlsPair, primaryTlsName, primaryTlsType } from '../../api/primary-tls.ts'
import type { KubeClient } from '../../kube/client.ts'
import { type Secret, secretKind } from '../../kube/objects.ts'
import { Redacted } from '../../lib/redacted.ts'
import { claimSecret } from '../identity/claim-secret.ts'
import { type Certificate, createSelfSignedCertificate } from './certificate.ts'

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

async function make(
  client: KubeClient,
  key: { namespace: string; name: string },
  { hosts, now }: { hosts: readonly string[]; now: number },
): Promise<Secret> {
  const made = await createSelfSignedCertificate({ hosts, days, now })
  const data = encodeTlsPair({ certificate: made.certificatePem, privateKey: new Redacted(made.privateKeyPem) })
  return claimSecret(client, { metadata: key, type: primaryTlsType, data })
}
