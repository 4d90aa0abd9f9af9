/** Whether a request proves possession of a token that is stored now. */
import { ProtocolError } from '../../protocol/errors.ts'
import { type UnverifiedJoin, verifyTokenProof } from '../../protocol/join-request.ts'
import { generateSigningKey, type PublicKey } from '../../protocol/keys.ts'
import type { KnownToken, TokenSource } from './token-source.ts'

/** An unknown token costs the same verification as a known one; nobody has the private half. */
const nobody: PublicKey = generateSigningKey()

/**
 * The proven token as the API server has it now. Undefined for an unknown or revoked one and for a wrong proof alike, each
 * after the same work: a verification and the shared LIST. Throws `KubeApiError`.
 */
export async function proveToken(tokens: TokenSource, join: UnverifiedJoin): Promise<KnownToken | undefined> {
  const cached = tokens.cached(join.tid)
  const isCachedProven = await isProven(join, cached?.publicKey ?? nobody)
  if (cached !== undefined && isCachedProven) {
    const current = await tokens.reread(cached)
    if (current !== undefined) return current
  }
  const live = await tokens.live(join.tid)
  // A key that has failed once fails again.
  if (live === undefined || live.publicKey.x === cached?.publicKey.x) return undefined
  return (await isProven(join, live.publicKey)) ? live : undefined
}

async function isProven(join: UnverifiedJoin, key: PublicKey): Promise<boolean> {
  try {
    await verifyTokenProof(join, key)
    return true
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'ProofInvalid') return false
    throw error
  }
}
