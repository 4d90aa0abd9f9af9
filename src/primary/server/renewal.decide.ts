/**
 * When the primary's own certificate is made anew. Pure. Only one that the primary has made itself is renewed: whatever else is there is
 * somebody else's to renew.
 */
import { X509Certificate } from 'node:crypto'
import { ownSubject } from './certificate.ts'

export type RenewalDecision =
  /** Look again after `afterMs`; where it is absent, only when the Secret changes. */
  { readonly kind: 'keep'; readonly afterMs?: number } | { readonly kind: 'renew' }

/** `certificatePem` is what is stored; `now` is ms since the epoch. */
export function decideRenewal(certificatePem: string | undefined, now: number): RenewalDecision {
  const certificate = readCertificate(certificatePem)
  if (certificate === undefined || certificate.subject !== ownSubject || certificate.issuer !== ownSubject)
    return { kind: 'keep' }
  const [from, to] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
  // Early enough that nobody who looks at dates sees the end of one, however long a leader is away.
  const due = from + ((to - from) * 2) / 3
  return now >= due ? { kind: 'renew' } : { kind: 'keep', afterMs: due - now }
}

/** Undefined where it is none; that is told where it was to be shown. */
function readCertificate(pem: string | undefined): X509Certificate | undefined {
  try {
    return pem === undefined ? undefined : new X509Certificate(pem)
  } catch {
    return undefined
  }
}
