/**
 * The TLS certificate that this replica shows, which may be replaced while it serves. One that cannot be used takes
 * nobody's place: what was shown before goes on.
 */
import { primaryTlsName } from '../../api/primary-tls.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Logger } from '../../lib/logger.ts'
import { type Certificate, spkiHash } from './certificate.ts'
import { readCertificate } from './certificate-pair.ts'

export interface ServedCertificate {
  current(): Certificate
  /** SHA-256 of the public keys of the leaf that is shown and of the one before: a connection may still show that. */
  spki(): readonly string[]
  /** Shows what the Secret holds from now on, where it can be used. */
  take(secret: Secret): void
  /** Calls the listener with each certificate that takes the place of another. */
  onChange(listener: (certificate: Certificate) => void): void
}

/** `first` has been read or made already, and can be used. */
export function createServedCertificate(first: Certificate, log: Logger): ServedCertificate {
  const listeners: ((certificate: Certificate) => void)[] = []
  let shown = first
  let before: string | undefined

  return {
    current: () => shown,
    spki: () => [...new Set([spkiHash(shown.certificatePem), ...(before === undefined ? [] : [before])])],
    take({ metadata, data }) {
      const { resourceVersion } = metadata
      try {
        const next = readCertificate(data)
        if (next.certificatePem === shown.certificatePem && next.privateKeyPem === shown.privateKeyPem) return
        before = spkiHash(shown.certificatePem)
        shown = next
      } catch (err) {
        log.error(
          { err, secret: primaryTlsName, resourceVersion },
          'the new TLS certificate cannot be used, the one before it is shown; repair or delete the Secret',
        )
        return
      }
      for (const listener of listeners) listener(shown)
      log.info({ secret: primaryTlsName, resourceVersion }, 'another TLS certificate is shown')
    },
    onChange: (listener) => void listeners.push(listener),
  }
}
