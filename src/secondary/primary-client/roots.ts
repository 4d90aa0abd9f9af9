/**
 * Which authorities may vouch for a primary's certificate: those of the system and of Node, and the configured bundle.
 * The bundle is read again for every new connection, so that replacing the file is enough.
 */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls'
import type { Logger } from '../../lib/logger.ts'

/** Gives the context for the next connection. Loading hundreds of certificates takes a while: it is kept until the bundle changes. */
export type Roots = () => SecureContext

export function createRoots(deps: { caBundleFile?: string | undefined; log: Logger }): Roots {
  let loaded: { readonly bundle: string; readonly context: SecureContext } | undefined
  let isReadable = true

  function readBundle(): string {
    if (deps.caBundleFile === undefined) return ''
    try {
      const bundle = readFileSync(deps.caBundleFile, 'utf8')
      isReadable = true
      return bundle
    } catch (err) {
      // Once, and not with every connection.
      if (isReadable) deps.log.warn({ err, file: deps.caBundleFile }, 'cannot read the CA bundle')
      isReadable = false
      return ''
    }
  }

  return () => {
    const bundle = readBundle()
    if (loaded?.bundle === bundle) return loaded.context
    const blocks = bundle.match(certificateBlock) ?? []
    const usable = blocks.filter(isCertificate)
    // OpenSSL takes what it can read and says nothing of the rest.
    const unusable = blocks.length - usable.length
    if (unusable > 0 || (usable.length === 0 && bundle.trim() !== ''))
      deps.log.warn(
        { file: deps.caBundleFile, usable: usable.length, unusable },
        'the CA bundle cannot be used as it is',
      )
    loaded = { bundle, context: load(usable) }
    return loaded.context
  }
}

/** RFC 7468 §5, and the older names for it that OpenSSL takes too. */
const certificateBlock =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/gu

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0
  } catch {
    return false
  }
}

function load(bundle: readonly string[]): SecureContext {
  return createSecureContext({
    ca: [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...bundle])],
  })
}
