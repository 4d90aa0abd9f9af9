/**
 * The primary's own TLS certificate: self-signed, because a secondary trusts the key that the signed challenge lists and
 * neither the names nor the dates in it. The only user of @peculiar/x509.
 */
import 'reflect-metadata'
import { createHash, webcrypto, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'

export interface Certificate {
  readonly certificatePem: string
  /** PKCS #8; a secret. */
  readonly privateKeyPem: string
}

const day = 24 * 3_600_000
/** Who a certificate of the primary's own is for, and who has signed it. */
export const ownSubject = 'CN=conjoin primary'

/** Makes an ECDSA P-256 key and a certificate for these DNS names and IP addresses; `now` is ms since the epoch. */
export async function createSelfSignedCertificate(options: {
  hosts: readonly string[]
  days: number
  now: number
}): Promise<Certificate> {
  const signing = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(signing, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: ownSubject,
    notBefore: new Date(options.now - day),
    notAfter: new Date(options.now + options.days * day),
    signingAlgorithm: signing,
    keys,
    extensions: [
      new BasicConstraintsExtension(false),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(
        options.hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host }) as const),
      ),
    ],
  })
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
  return {
    certificatePem: certificate.toString('pem'),
    privateKeyPem: PemConverter.encode(privateKey, 'PRIVATE KEY'),
  }
}

/** SHA-256 of a certificate's public key (SPKI), base64url: how a challenge vouches for a leaf. */
export function spkiHash(certificatePem: string): string {
  const spki = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(spki).digest('base64url')
}
