/**
 * Which authorities may vouch for a primary's certificate: those of the system and of Node, and the configured bundle.
 * The bundle is read again for every new connection, so that replacing the file is enough.
 */
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
    try {
      loaded = { bundle, context: load(bundle) }
    } catch (err) {
      deps.log.warn({ err, file: deps.caBundleFile }, 'the CA bundle holds no usable certificates')
      loaded = { bundle, context: load('') }
    }
    return loaded.context
  }
}

function load(bundle: string): SecureContext {
  const ca = [...new Set([...getCACertificates('default'), ...getCACertificates('system')]), bundle]
  return createSecureContext({ ca: ca.filter((pem) => pem !== '') })
}
