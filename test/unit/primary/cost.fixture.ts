/** What one request costs a primary: what whoever asks could learn by the time that it takes, and what he can make it do. */
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import type { TestContext } from 'node:test'

/** Cryptography by its kind, requests to the API server, bytes of the answer. */
export interface Cost {
  readonly hashes: number
  readonly macs: number
  readonly derivations: number
  readonly verifications: number
  readonly signatures: number
  readonly reads: readonly string[]
  readonly bytes: number
}

/** Counts every call into node:crypto and Web Crypto while `work` runs, and what it asks of the API server. */
export async function costOf(
  t: TestContext,
  world: { readonly api: { readonly requests: readonly string[] } },
  work: () => Promise<{ readonly body: unknown }>,
): Promise<Cost> {
  const counted = {
    hashes: [t.mock.method(crypto, 'createHash'), t.mock.method(globalThis.crypto.subtle, 'digest')],
    macs: [t.mock.method(crypto, 'createHmac')],
    derivations: [t.mock.method(crypto, 'hkdfSync')],
    verifications: [t.mock.method(globalThis.crypto.subtle, 'verify')],
    signatures: [t.mock.method(globalThis.crypto.subtle, 'sign')],
  }
  syncBuiltinESMExports()
  const before = world.api.requests.length
  try {
    const { body } = await work()
    const calls = (mocks: readonly { mock: { callCount(): number } }[]) =>
      mocks.reduce((sum, { mock }) => sum + mock.callCount(), 0)
    return {
      hashes: calls(counted.hashes),
      macs: calls(counted.macs),
      derivations: calls(counted.derivations),
      verifications: calls(counted.verifications),
      signatures: calls(counted.signatures),
      reads: world.api.requests.slice(before),
      bytes: JSON.stringify(body).length,
    }
  } finally {
    for (const { mock } of Object.values(counted).flat()) mock.restore()
    syncBuiltinESMExports()
  }
}
