/**
 * Finds the token Secret that a join names. The cache may say yes; only the API server says no: a token that the cache
 * does not have is looked for by one LIST that all askers share, at most twice a second. What the API server shows of a
 * Secret is shared likewise by all who asked before it was read.
 */
import { annotations } from '../../api/group.ts'
import { joinTokenType } from '../../api/join-token-secret.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Informer } from '../../kube/informer.ts'
import { keyOf, type Secret, secretKind } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import { shareReads, shareReadsOf } from '../../lib/shared-read.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { Keyring } from '../../protocol/keyring.ts'
import { generateSigningKey } from '../../protocol/keys.ts'
import { ageOrder } from '../cluster-lookup.ts'
import { type IssuedToken, readIssued, recordIssued } from '../join-token/issued-token.ts'

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
  /**
   * The same Secret as the API server has it now, read after this was asked; undefined if it is gone or another one.
   * Throws `KubeApiError`.
   */
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
/** Between the starts of two reads of one Secret, milliseconds: a fleet that joins at once asks for the same one. */
const rereadEvery = 25
/** Requests that wait for a LIST. */
const maxWaiting = 256

export function createTokenSource(deps: {
  client: KubeClient
  informer: Informer<Secret>
  namespace: string
  /** Undefined before the key is loaded. */
  keyring: () => Keyring | undefined
  clock: Clock
}): TokenSource {
  const { client, informer, namespace, keyring, clock } = deps
  const readDecoy = createDecoy()
  const listSoon = shareReads(
    async () => (await client.list(secretKind, { namespace, fieldSelector: `type=${joinTokenType}` })).items,
    { every: listEvery, clock },
  )
  const readSoon = shareReadsOf(async (secret: Secret) => client.get(secretKind, keyOf(secret)), {
    idOf: ({ metadata }) => metadata.uid ?? '',
    every: rereadEvery,
    clock,
  })
  let waiting = 0

  return {
    cached: (id) => first(keyring(), informer.by(tokenIdIndex, id), readDecoy),
    async live(id) {
      if (waiting >= maxWaiting) throw new ProtocolError('Busy', 'too many joins with unknown tokens at once')
      waiting += 1
      try {
        const secrets = await listSoon()
        return first(
          keyring(),
          secrets.filter((secret) => indexTokenId(secret).includes(id)),
          readDecoy,
        )
      } finally {
        waiting -= 1
      }
    },
    async reread(token) {
      const secret = await readSoon(token.secret)
      if (secret === undefined || secret.metadata.uid !== token.secret.metadata.uid) return undefined
      const current = knownToken(keyring(), secret)
      return current?.id === token.id && current.publicKey.x === token.publicKey.x ? current : undefined
    },
  }
}

/**
 * Of several Secrets with one id the oldest counts that this primary has issued. An id is public: whoever may create
 * Secrets could write it on one of his own, and would otherwise take the token from those who hold it.
 */
function first(
  keyring: Keyring | undefined,
  secrets: readonly Secret[],
  readDecoy: (keyring: Keyring) => void,
): KnownToken | undefined {
  for (const secret of secrets.toSorted(ageOrder)) {
    const known = knownToken(keyring, secret)
    if (known !== undefined) return known
  }
  if (keyring !== undefined && secrets.length === 0) readDecoy(keyring)
  return undefined
}

/** A record that no Secret has: to read it costs what a known token costs, so that the time it takes tells nothing. */
function createDecoy(): (keyring: Keyring) => void {
  const nobody: IssuedToken = { id: '', publicKey: generateSigningKey() }
  let sealed: { readonly by: Keyring; readonly record: Readonly<Record<string, string>> } | undefined
  return (keyring) => {
    // Sealed once for each keyring: to seal it costs as much again.
    if (sealed?.by !== keyring) sealed = { by: keyring, record: recordIssued(keyring.current, nobody) }
    readIssued(keyring, sealed.record)
  }
}

function knownToken(keyring: Keyring | undefined, secret: Secret): KnownToken | undefined {
  // A token that is being deleted admits nobody: its owner has revoked it.
  if (keyring === undefined || secret.type !== joinTokenType || secret.metadata.deletionTimestamp !== undefined)
    return undefined
  const issued = readIssued(keyring, secret.metadata.annotations)
  return issued === undefined ? undefined : { ...issued, secret }
}
