/** Reads the certificate and its key out of `mc-primary-tls`, and tells whether TLS would take them. */
import { createSecureContext } from 'node:tls'
import { decodeTlsPair, primaryTlsName } from '../../api/primary-tls.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Certificate } from './certificate.ts'

/** Throws `Error` for what TLS would not take: no PEM, or a key that is not the certificate's. */
export function readCertificate(data: Secret['data']): Certificate {
  const pair = decodeTlsPair(data)
  if (pair === undefined) throw new Error(`the Secret ${primaryTlsName} holds no certificate; restore or delete it`)
  const certificate = { certificatePem: pair.certificate, privateKeyPem: pair.privateKey.reveal() }
  try {
    createSecureContext({ cert: certificate.certificatePem, key: certificate.privateKeyPem })
  } catch (cause) {
    const what = `the Secret ${primaryTlsName} holds no certificate and key that belong together`
    throw new Error(`${what}; restore or delete it`, { cause })
  }
  return certificate
}

export function isUsable(data: Secret['data']): boolean {
  try {
    readCertificate(data)
    return true
  } catch {
    return false
  }
}
