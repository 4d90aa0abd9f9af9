/**
 * The newest nonce that each key has used with this process: a nonce lives for minutes, and a captured request must not be
 * good for all of them. Memory is bounded; another process begins with none, and still has the nonce's own age.
 */
export interface UsedNonces {
  /**
   * False where this key has used this nonce or a newer one. `madeAt` is when the nonce was made, `now` when it is used,
   * ms since the epoch.
   */
  use(keyId: string, nonce: { readonly madeAt: number; readonly now: number }): boolean
}

/** A nonce that lies further ahead is not accepted at all, milliseconds. */
const ahead = 5_000
/** Beyond this the key that was used longest ago is forgotten. */
const maxKeys = 20_000

export function createUsedNonces(): UsedNonces {
  /** The key used longest ago first. */
  const newest = new Map<string, number>()
  return {
    use(keyId, { madeAt, now }) {
      const last = newest.get(keyId) ?? -Infinity
      // One from the future was used before the clock was put back: it must not lock its member out until then.
      if (madeAt <= last && last <= now + ahead) return false
      newest.delete(keyId)
      newest.set(keyId, madeAt)
      if (newest.size > maxKeys) {
        const [oldest] = newest.keys()
        if (oldest !== undefined) newest.delete(oldest)
      }
      return true
    },
  }
}
