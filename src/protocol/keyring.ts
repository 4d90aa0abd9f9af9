/**
 * All keys that a primary holds: the current one, the next one where it is announced, and those that are retired and
 * still trusted by somebody. It finds a key by its name; when one comes or goes is decided elsewhere.
 */
import { createIssuer, type Issuer } from './issuer.ts'
import type { SigningKey } from './keys.ts'

export interface Keyring {
  /** UID of the primary's `kube-system` namespace. */
  readonly uid: string
  /** What is signed for nobody in particular is signed by this one. */
  readonly current: Issuer
  readonly next: { readonly issuer: Issuer; readonly announcement: string } | undefined
  /** Every key, the current one first: it is asked for most. What any of them has made is the primary's. */
  readonly held: readonly Issuer[]
}

export interface KeyringKeys {
  readonly current: SigningKey
  /** With its announcement, as `signNextKey` makes it. */
  readonly next?: { readonly key: SigningKey; readonly announcement: string } | undefined
  readonly retired?: readonly SigningKey[]
}

/** `uid` is that of the primary's `kube-system` namespace. */
export function createKeyring(uid: string, keys: KeyringKeys): Keyring {
  const current = createIssuer(uid, keys.current)
  const next = keys.next && {
    issuer: createIssuer(uid, keys.next.key),
    announcement: keys.next.announcement,
  }
  const retired = (keys.retired ?? []).map((key) => createIssuer(uid, key))
  return { uid, current, next, held: [current, ...(next === undefined ? [] : [next.issuer]), ...retired] }
}

/** The key with this thumbprint; the current one for whoever names none. Undefined where it is not held. */
export function issuerNamed({ current, held }: Keyring, kid: string | undefined): Issuer | undefined {
  return kid === undefined ? current : held.find(({ key }) => key.thumbprint === kid)
}
