/** A certificate authority as a company has one, which issues certificates for the addresses of this machine. */
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import type { Certificate } from '../../src/primary/server/certificate.ts'

export interface Authority {
  /** Its own certificate, PEM: what a CA bundle holds. */
  readonly certificatePem: string
  /** A certificate for 127.0.0.1 with a key of its own. */
  issue(): Promise<Certificate>
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const day = 24 * 3_600_000

export async function createAuthority(name: string): Promise<Authority> {
  const makeKeys = async () => webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const dates = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) }
  const keys = await makeKeys()
  const own = await X509CertificateGenerator.createSelfSigned({
    ...dates,
    name: `CN=${name}`,
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
    ],
  })
  return {
    certificatePem: own.toString('pem'),
    async issue() {
      const { publicKey, privateKey } = await makeKeys()
      const certificate = await X509CertificateGenerator.create({
        ...dates,
        subject: 'CN=primary',
        issuer: own.subject,
        signingAlgorithm: algorithm,
        publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
        ],
      })
      const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', privateKey)
      return {
        certificatePem: certificate.toString('pem'),
        privateKeyPem: PemConverter.encode(pkcs8, 'PRIVATE KEY'),
      }
    },
  }
}
