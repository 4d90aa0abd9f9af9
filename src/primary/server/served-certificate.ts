/**
 * The TLS certificate that this replica shows, which may be replaced while it serves. One that cannot be used takes
 * nobody's place: what was shown before goes on.
 */
import { primaryTlsName } from '../../api/primary-tls.ts'
import type { Secret } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { type Certificate, spkiHash } from './certificate.ts'
import { readCertificate } from './certificate-pair.ts'

export interface ServedCertificate {
  current(): Certificate
  /** SHA-256 of the public keys of the leaf that is shown and, for a while, of the one before: another replica may still show that. */
  spki(): readonly string[]
  /** Shows what the Secret holds from now on, where it can be used. */
  take(secret: Secret): void
  /** Calls the listener with each certificate that takes the place of another. */
  onChange(listener: (certificate: Certificate) => void): void
}

/** Replicas follow each other within seconds; and who replaces a certificate may do so because its key was stolen. Milliseconds. */
const vouchedFor = 10 * 60_000

/** `first` has been read or made already, and can be used. */
export function createServedCertificate(
  first: Certificate,
  { clock, log }: { readonly clock: Pick<Clock, 'monotonic'>; readonly log: Logger },
): ServedCertificate {
  const listeners: ((certificate: Certificate) => void)[] = []
  let shown = first
  let before: { readonly spki: string; readonly until: number } | undefined

  return {
    current: () => shown,
    spki() {
      const other = before !== undefined && clock.monotonic() < before.until ? [before.spki] : []
      return [...new Set([spkiHash(shown.certificatePem), ...other])]
    },
    take({ metadata, data }) {
      const { resourceVersion } = metadata
      try {
        const next = readCertificate(data)
        if (next.certificatePem === shown.certificatePem && next.privateKeyPem === shown.privateKeyPem) return
        before = { spki: spkiHash(shown.certificatePem), until: clock.monotonic() + vouchedFor }
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
