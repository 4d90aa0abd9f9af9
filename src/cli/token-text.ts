/** What people read of a join token: the row of a list and the description. Pure; the token itself is never in it. */
import { annotations as names } from '../api/group.ts'
import { decodeJoinTokenData, joinTokenType } from '../api/join-token-secret.ts'
import type { Secret } from '../kube/objects.ts'
import { type TokenState, tokenState } from './diagnosis/token-rules.ts'
import { ageSince, ageText, plainText } from './output.ts'

export const tokenColumns = ['NAME', 'STATE', 'USES', 'EXPIRES', 'SCOPE', 'AGE'] as const

/** Whether a cluster could join with it at `now`, ms since the epoch. */
export function stateOf({ metadata }: Secret, now: number): TokenState {
  const isFilled = metadata.annotations?.[names.tokenId] !== undefined
  return tokenState({ name: metadata.name, metadata, isFilled }, now)
}

export function tokenRow(secret: Secret, now: number): readonly string[] {
  const { name, creationTimestamp } = secret.metadata
  const scope = scopeOf(secret, 8)
  return [
    name,
    stateOf(secret, now),
    usesOf(secret),
    expiryOf(secret, now),
    scope === '' ? '<any>' : scope,
    ageSince(creationTimestamp, now),
  ]
}

/** One `Name: value` a line, like kubectl describe. */
export function tokenDescription(secret: Secret, now: number): string {
  const { metadata, data } = secret
  const stored = metadata.annotations ?? {}
  const { endpoint, token } = decodeJoinTokenData(data)
  const scope = scopeOf(secret)
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Name', metadata.name],
    ['Namespace', metadata.namespace],
    ['State', stateOf(secret, now)],
    ['Error', stored[names.tokenError]],
    ['Uses', usesOf(secret)],
    ['Last used', stored[names.lastUsed]],
    ['Expires', [stored[names.expiresAt], `(${expiryOf(secret, now)})`].filter(Boolean).join(' ')],
    ['Scope', scope === '' ? 'any cluster, under any name' : scope],
    ['Endpoint', endpoint],
    ['Token id', stored[names.tokenId]],
    ['Token', token === undefined ? 'none in this Secret' : 'there; --reveal prints it'],
    ['Age', ageSince(metadata.creationTimestamp, now)],
  ]
  return facts.flatMap(([name, value]) => (value ? [`${`${name}:`.padEnd(12)}${plainText(value)}\n`] : [])).join('')
}

/** For programs: the Secret without its data, so that no format prints a token. */
export function withoutData({ metadata, type = joinTokenType }: Secret): Secret {
  return { apiVersion: 'v1', kind: 'Secret', metadata, type }
}

function usesOf({ metadata }: Secret): string {
  const uses = metadata.annotations?.[names.uses] ?? '0'
  const most = metadata.annotations?.[names.maxUses]
  return most === undefined ? uses : `${uses}/${most}`
}

function expiryOf({ metadata }: Secret, now: number): string {
  const at = Date.parse(metadata.annotations?.[names.expiresAt] ?? '')
  if (Number.isNaN(at)) return metadata.annotations?.[names.expiresIn] ?? 'never'
  return at > now ? `in ${ageText(at - now)}` : `${ageText(now - at)} ago`
}

/** `uidDigits`: so much of a UID is shown. */
function scopeOf({ metadata }: Secret, uidDigits = 36): string {
  const stored = metadata.annotations ?? {}
  const parts: readonly (readonly [string, string | undefined])[] = [
    ['name', stored[names.clusterName]],
    ['uid', stored[names.boundUid]?.slice(0, uidDigits)],
    ['approval', stored[names.approval]],
    ['labels', stored[names.clusterLabels]],
  ]
  return parts.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])).join(' ')
}
