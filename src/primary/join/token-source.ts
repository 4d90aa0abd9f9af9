/**
 * Finds the token Secret that a join names. The cache may say yes; only the API server says no: a token that the cache
 * does not have is looked for by one LIST that all askers share, at most twice a second.
 */
import { annotations } from '../../api/group.ts'
import { joinTokenType } from '../../api/join-token-secret.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Informer } from '../../kube/informer.ts'
import { keyOf, type Secret, secretKind } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Issuer } from '../../protocol/challenge.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { ageOrder } from '../cluster-lookup.ts'
import { type IssuedToken, readIssued } from '../join-token/issued-token.ts'

/** A filled join-token Secret, as far as a join needs it. */
export interface KnownToken extends IssuedToken {
  readonly secret: Secret
}

export interface TokenSource {
  cached(id: string): KnownToken | undefined
  /**
   * Asks the API server; every call that comes before a LIST begins shares that one. Throws `KubeApiError`, and
   * `ProtocolError` `Busy` where too many wait already.
   */
  live(id: string): Promise<KnownToken | undefined>
  /** The same Secret as the API server has it now; undefined if it is gone or another one. Throws `KubeApiError`. */
  reread(token: KnownToken): Promise<KnownToken | undefined>
}

/** Name of the informer's index over token ids. */
export const tokenIdIndex = 'token-id'
export const indexTokenId = (secret: Secret): readonly string[] => {
  const id = secret.metadata.annotations?.[annotations.tokenId]
  return id === undefined ? [] : [id]
}

/** Between the starts of two LISTs, milliseconds: an attacker's unknown ids cost the API server no more than this. */
export const listEvery = 500
/** Requests that wait for a LIST. */
const maxWaiting = 256

export function createTokenSource(deps: {
  client: KubeClient
  informer: Informer<Secret>
  namespace: string
  /** Undefined before the key is loaded. */
  issuer: () => Issuer | undefined
  clock: Clock
}): TokenSource {
  const { client, informer, namespace, issuer, clock } = deps
  let next: Promise<readonly Secret[]> | undefined
  let startedAt = -Infinity
  let waiting = 0

  function listSoon(): Promise<readonly Secret[]> {
    next ??= (async () => {
      await clock.sleep(Math.max(0, startedAt + listEvery - clock.monotonic()))
      // Whoever asks from here on may have seen a newer token than this LIST shows.
      next = undefined
      startedAt = clock.monotonic()
      return (await client.list(secretKind, { namespace, fieldSelector: `type=${joinTokenType}` })).items
    })()
    return next
  }

  return {
    cached: (id) => first(issuer(), informer.by(tokenIdIndex, id)),
    async live(id) {
      if (waiting >= maxWaiting) throw new ProtocolError('Busy', 'too many joins with unknown tokens at once')
      waiting += 1
      try {
        return first(
          issuer(),
          (await listSoon()).filter((secret) => indexTokenId(secret).includes(id)),
        )
      } finally {
        waiting -= 1
      }
    },
    async reread(token) {
      const secret = await client.get(secretKind, keyOf(token.secret))
      if (secret === undefined || secret.metadata.uid !== token.secret.metadata.uid) return undefined
      const current = knownToken(issuer(), secret)
      return current?.id === token.id && current.publicKey.x === token.publicKey.x ? current : undefined
    },
  }
}

/**
 * Of several Secrets with one id the oldest counts that this primary has issued. An id is public: whoever may create
 * Secrets could write it on one of his own, and would otherwise take the token from those who hold it.
 */
function first(issuer: Issuer | undefined, secrets: readonly Secret[]): KnownToken | undefined {
  for (const secret of secrets.toSorted(ageOrder)) {
    const known = knownToken(issuer, secret)
    if (known !== undefined) return known
  }
  return undefined
}

function knownToken(issuer: Issuer | undefined, secret: Secret): KnownToken | undefined {
  // A token that is being deleted admits nobody: its owner has revoked it.
  if (issuer === undefined || secret.type !== joinTokenType || secret.metadata.deletionTimestamp !== undefined)
    return undefined
  const issued = readIssued(issuer, secret.metadata.annotations)
  return issued === undefined ? undefined : { ...issued, secret }
}
