/** The Secret `mc-primary-tls`: the primary's own TLS certificate, in `--identity-namespace`. */
import { Redacted } from '../lib/redacted.ts'
import { decodeSecretValue, encodeSecretData, type SecretData } from './secret-data.ts'

export const primaryTlsName = 'mc-primary-tls'
export const primaryTlsType = 'kubernetes.io/tls'

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
