/**
 * What happens to one join-token Secret: filled once, kept in line with the primary's address, blanked where its user
 * asks for it, or told what is wrong with it. A pure function; the token itself is made by whoever carries the decision out.
 */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { decodeJoinTokenData } from '../../api/join-token-secret.ts'
import { type JoinTokenReading, type JoinTokenSettings, readJoinTokenSettings } from '../../api/join-token-settings.ts'
import type { Secret } from '../../kube/objects.ts'

export interface JoinTokenObservation {
  readonly secret: Secret
  /** Where secondaries reach the primary; undefined before it can serve. */
  readonly endpoint: string | undefined
  /** Whether its annotations name a token that this primary has not issued; false before its key is loaded. */
  readonly isForeign: boolean
  /** Whether its token names this primary, and a key that it does not hold any more. */
  readonly pinsLostKey?: boolean
  /** The Clusters that were admitted with this token. */
  readonly admitted: readonly Cluster[]
  /** Wall clock, ms since the epoch. */
  readonly now: number
}

export type JoinTokenDecision =
  /** Nothing to do, or the primary is not ready yet. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'issue'; readonly endpoint: string; readonly settings: JoinTokenSettings }
  | { readonly kind: 'move'; readonly endpoint: string }
  /** The token is not to be read any more; it admits clusters as before. */
  | { readonly kind: 'redact'; readonly endpoint: string }
  /** Of a token without a bound, for people; a bounded one is counted when it is used. */
  | { readonly kind: 'count'; readonly uses: number; readonly lastUsed: string | undefined }
  | { readonly kind: 'later'; readonly afterMs: number }
  /** `fault` is what annotation and Event say; undefined: the annotation has to go. */
  | { readonly kind: 'report'; readonly fault: string | undefined }

export function decideJoinToken(observed: JoinTokenObservation): JoinTokenDecision {
  const { secret, endpoint } = observed
  if (secret.metadata.deletionTimestamp !== undefined) return { kind: 'nothing' }
  const reading = readJoinTokenSettings(secret.metadata.annotations, { now: observed.now })
  const fault = findFault(observed, reading)
  const isSaid = fault === secret.metadata.annotations?.[annotations.tokenError]
  // A primary that cannot serve cannot tell whose a token is, and takes nothing back that has been said of it.
  const isUnjudged = fault === undefined && endpoint === undefined && isIssued(secret)
  if (!isSaid && !isUnjudged) return { kind: 'report', fault }
  if (fault !== undefined || endpoint === undefined) return { kind: 'nothing' }
  if (!isIssued(secret))
    return reading.ok ? { kind: 'issue', endpoint, settings: reading.settings } : { kind: 'nothing' }
  if (isRedactionDue(observed, reading)) return { kind: 'redact', endpoint }
  const isCurrent = decodeJoinTokenData(secret.data).endpoint === endpoint
  return isCurrent || secret.immutable === true ? decideCount(observed) : { kind: 'move', endpoint }
}

/** A fleet that joins at once would otherwise write the Secret once for each cluster. Milliseconds. */
const countEvery = 60_000

function decideCount({ secret, admitted, now }: JoinTokenObservation): JoinTokenDecision {
  const stored = secret.metadata.annotations ?? {}
  if (stored[annotations.maxUses] !== undefined || admitted.length === 0) return { kind: 'nothing' }
  // A Cluster that is gone, or came back with another token, was a use all the same.
  const uses = Math.max(admitted.length, Number(stored[annotations.uses]) || 0)
  const lastUsed = latest([stored[annotations.lastUsed], ...admitted.map(admittedAt)])
  if (stored[annotations.uses] === String(uses) && stored[annotations.lastUsed] === lastUsed) return { kind: 'nothing' }
  const wait = Date.parse(stored[annotations.lastUsed] ?? '') + countEvery - now
  // Longer than that waits nobody: it was written by a clock that was ahead.
  return wait > 0 && wait <= countEvery ? { kind: 'later', afterMs: wait } : { kind: 'count', uses, lastUsed }
}

/** Undefined where it cannot be told any more: a change of key by the member itself has written its own time there. */
function admittedAt({ spec: { member } }: Cluster): string | undefined {
  return member?.previousKeyId === undefined ? member?.since : undefined
}

/** What is no time is none of them. */
function latest(times: readonly (string | undefined)[]): string | undefined {
  return times.reduce(
    (known, time) => (Date.parse(time ?? '') > (Date.parse(known ?? '') || 0) ? time : known),
    undefined,
  )
}

/** A cluster that waits for approval has used the token too: it needs no more of the Secret than its annotations. */
function isRedactionDue({ secret, admitted }: JoinTokenObservation, reading: JoinTokenReading): boolean {
  if (!reading.ok || decodeJoinTokenData(secret.data).token === undefined) return false
  switch (reading.settings.redact) {
    case 'never':
      return false
    case 'now':
      return true
    case 'after-first-use':
      return admitted.length > 0 || Number(secret.metadata.annotations?.[annotations.uses]) > 0
  }
}

/** A Secret with a token id is never filled again, whatever its data says. */
function isIssued(secret: Secret): boolean {
  return secret.metadata.annotations?.[annotations.tokenId] !== undefined
}

/** What a token says whose key was compromised. */
export const keyGivenUp =
  'the token is pinned to a signing key that this primary has given up: nobody can join with it; delete the Secret and create another'

function findFault(observed: JoinTokenObservation, reading: JoinTokenReading): string | undefined {
  const { secret, isForeign, pinsLostKey } = observed
  if (!isIssued(secret)) {
    if (secret.immutable === true)
      return 'the Secret is immutable and cannot be filled; create one without immutable: true'
    const foreign = Object.entries(decodeJoinTokenData(secret.data)).map(([key]) => key)
    if (foreign.length > 0)
      return `data has ${foreign.join(' and ')} already, which conjoin did not write and does not overwrite; create the Secret without data`
  } else if (isForeign && pinsLostKey === true) return keyGivenUp
  else if (isForeign)
    return 'token-id is set already, and this primary did not issue that token: nobody can join with it; create the Secret without our annotations'
  else if (secret.immutable === true && isRedactionDue(observed, reading))
    return 'the Secret is immutable and its token cannot be blanked; delete it to revoke the token, and create one without immutable: true'
  return reading.ok ? undefined : reading.faults.map(({ annotation, fault }) => `${annotation} ${fault}`).join('; ')
}
