/**
 * What a request to join rests on beside the asker's own key: a join token, or the membership that it had here before. What
 * it allows is read here; whether that is enough is decided elsewhere.
 */
import { type JoinTokenSettings, readJoinTokenSettings } from '../../api/join-token-settings.ts'
import { usersOf } from '../join-token/token-uses.ts'
import { type Vouching, vouchingOf } from './rebind.decide.ts'
import type { KnownToken, TokenSource } from './token-source.ts'

export type Warrant =
  /** Proven; the Secret as it is stored now. */
  | { readonly kind: 'token'; readonly token: KnownToken }
  /** A communication token with the primary's own signature, which names the asker's uid and key. */
  | { readonly kind: 'membership' }

/**
 * The primary does not know any more what became of the membership. It may have been ended on purpose: an administrator has
 * to see who comes back.
 */
const ofMembership: JoinTokenSettings = { clusterLabels: {}, approval: 'manual', redact: 'never' }

/** Undefined where the Secret asks for what cannot be honoured. `now` is ms since the epoch. */
export function settingsOf(warrant: Warrant, now: number): JoinTokenSettings | undefined {
  if (warrant.kind === 'membership') return ofMembership
  const reading = readJoinTokenSettings(warrant.token.secret.metadata.annotations, { now })
  return reading.ok ? reading.settings : undefined
}

/** Who has used it, each as `userOf` names it. */
export function usersBy(warrant: Warrant): readonly string[] {
  return warrant.kind === 'token' ? usersOf(warrant.token.secret) : []
}

/** What it says for a member that comes with a new key. */
export function vouchingBy(warrant: Warrant, settings: JoinTokenSettings): Vouching | undefined {
  return warrant.kind === 'token' ? vouchingOf(warrant.token, settings) : undefined
}

/** The same as it is stored now; undefined where it is gone. Throws `KubeApiError`. */
export async function reread(tokens: TokenSource, warrant: Warrant): Promise<Warrant | undefined> {
  if (warrant.kind === 'membership') return warrant
  const token = await tokens.reread(warrant.token)
  return token && { kind: 'token', token }
}

/** As `spec.member.tokenId` has it. */
export function tokenIdOf(warrant: Warrant): string {
  return warrant.kind === 'token' ? warrant.token.id : ''
}
