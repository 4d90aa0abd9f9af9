/** Lines to a fake primary with the rules of production: nothing of what they check is left out. */
import { systemClock } from '../../../src/lib/clock.ts'
import type { Logger } from '../../../src/lib/logger.ts'
import { generateSigningKey } from '../../../src/protocol/keys.ts'
import { post } from '../../../src/secondary/primary-client/http.ts'
import {
  type LineDeps,
  type LineOptions,
  openLine,
  type PrimaryLine,
} from '../../../src/secondary/primary-client/line.ts'
import { createRoots } from '../../../src/secondary/primary-client/roots.ts'
import { SpareConnections } from '../../../src/secondary/primary-client/spare-connections.ts'
import { VouchedLeaves } from '../../../src/secondary/primary-client/tls.ts'
import type { FakePrimary } from './fake-primary.fixture.ts'

export const silent: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent }

/** Never aborted. */
export const forever = new AbortController().signal

export const asker = { tokenId: 'AAAAAAAAAAAAAAAA', thumbprint: generateSigningKey().thumbprint }

export function lineDeps(more: Partial<LineDeps> & { caBundleFile?: string } = {}): LineDeps {
  const { caBundleFile, ...deps } = more
  const roots = createRoots({ caBundleFile, log: silent })
  const fresh = { leaves: new VouchedLeaves(), spare: new SpareConnections() }
  return { roots, ...fresh, proxies: {}, post, clock: systemClock, ...deps }
}

/** A line to this primary, by its token. */
export function lineTo(primary: FakePrimary, deps = lineDeps(), options: Partial<LineOptions> = {}): PrimaryLine {
  const { primaryUid, primaryKey } = primary.token
  return openLine(deps, { primaryUid, primaryKey, allowUntrustedTls: false, ...options })
}
