/**
 * The Secrets of the primary in `--identity-namespace`: its signing key, and its own TLS certificate. Whoever reads
 * them is the primary.
 */
import { Redacted } from '../lib/redacted.ts'
import { annotations } from './group.ts'
import { decodeSecretValue, encodeSecretData, type SecretContent, type SecretData } from './secret-data.ts'

export const primaryIdentityName = 'mc-primary-identity'
export const primaryTlsName = 'mc-primary-tls'
export const primaryTlsType = 'kubernetes.io/tls'

export interface PrimaryIdentity {
  /** UID of the `kube-system` namespace it was made for; empty where the annotation is missing. */
  readonly clusterUid: string
  /** Ed25519, PKCS #8 PEM. */
  readonly privateKey: Redacted<string>
}

/** The annotations and the data to apply. */
export function encodePrimaryIdentity(identity: PrimaryIdentity): {
  annotations: Record<string, string>
  data: Record<string, string>
} {
  return {
    annotations: { [annotations.clusterUid]: identity.clusterUid },
    data: encodeSecretData({ key: identity.privateKey.reveal() }),
  }
}

/** Undefined where the Secret holds no key. */
export function decodePrimaryIdentity(secret: SecretContent): PrimaryIdentity | undefined {
  const key = decodeSecretValue(secret.data, 'key')
  if (key === undefined) return undefined
  return {
    clusterUid: secret.metadata.annotations?.[annotations.clusterUid] ?? '',
    privateKey: new Redacted(key),
  }
}

export interface TlsPair {
  /** PEM, the leaf first. */
  readonly certificate: string
  /** PEM. */
  readonly privateKey: Redacted<string>
}

export function encodeTlsPair(pair: TlsPair): Record<string, string> {
  return encodeSecretData({ 'tls.crt': pair.certificate, 'tls.key': pair.privateKey.reveal() })
}

/** Undefined unless both halves are there. */
export function decodeTlsPair(data: SecretData | undefined): TlsPair | undefined {
  const certificate = decodeSecretValue(data, 'tls.crt')
  const privateKey = decodeSecretValue(data, 'tls.key')
  return certificate === undefined || privateKey === undefined
    ? undefined
    : { certificate, privateKey: new Redacted(privateKey) }
}
