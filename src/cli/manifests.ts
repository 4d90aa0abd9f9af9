/** The objects that commands write: join-token Secrets, and what a secondary is given. Pure. */
import { annotations as names } from '../api/group.ts'
import { joinTokenType } from '../api/join-token-secret.ts'
import { readJoinTokenSettings } from '../api/join-token-settings.ts'
import { mcJoinName } from '../api/mc-join.ts'
import { encodeSecretData } from '../api/secret-data.ts'
import type { Secret } from '../kube/objects.ts'
import type { Redacted } from '../lib/redacted.ts'
import { misuse } from './errors.ts'

/** What may be asked of a join token, in the words of its annotations. */
export interface TokenWishes {
  readonly expiresIn?: string | undefined
  readonly maxUses?: string | undefined
  readonly clusterName?: string | undefined
  readonly boundUid?: string | undefined
  readonly labels?: string | undefined
  readonly approval?: string | undefined
}

/** The flag that sets an annotation, for the words of a fault. */
const flagOf: Readonly<Record<string, string>> = {
  [names.expiresIn]: '--expires-in',
  [names.maxUses]: '--max-uses',
  [names.clusterName]: '--cluster-name',
  [names.boundUid]: '--bound-uid',
  [names.clusterLabels]: '--labels',
  [names.approval]: '--approval',
}

/**
 * A Secret for the primary to fill. Throws `CliError` for a wish that no primary would grant; `now` is ms since the
 * epoch.
 */
export function joinTokenManifest(
  key: { readonly name: string; readonly namespace: string },
  wishes: TokenWishes,
  now: number,
): Secret {
  const wished = Object.entries({
    [names.expiresIn]: wishes.expiresIn,
    [names.maxUses]: wishes.maxUses,
    [names.clusterName]: wishes.clusterName,
    [names.boundUid]: wishes.boundUid,
    [names.clusterLabels]: wishes.labels,
    [names.approval]: wishes.approval,
  }).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const annotations = Object.fromEntries(wished)
  const reading = readJoinTokenSettings(annotations, { now })
  if (!reading.ok) {
    const faults = reading.faults.map(({ annotation, fault }) => `${flagOf[annotation] ?? annotation} ${fault}`)
    throw misuse(faults.join('; '), 'token create')
  }
  const metadata = { ...key, ...(wished.length === 0 ? {} : { annotations }) }
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: joinTokenType }
}

/** What a user would have written to get this Secret: for a repository, without what the primary has added. */
export function asWritten({ metadata }: Secret): Secret {
  const { name, namespace = '', annotations = {} } = metadata
  const wished = Object.entries(annotations).filter(([key]) => Object.hasOwn(flagOf, key) || key === names.redact)
  const own = wished.length === 0 ? {} : { annotations: Object.fromEntries(wished) }
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, ...own }, type: joinTokenType }
}

/** What lets a secondary join; it holds the token. */
export interface Invitation {
  readonly namespace: string
  readonly endpoint: string
  readonly token: Redacted<string>
  /** Absent: the primary makes a name. */
  readonly clusterName?: string | undefined
}

/** The Secret `mc-join`; it alone starts a join. */
export function mcJoinManifest({ namespace, endpoint, token, clusterName }: Invitation): Secret {
  const data = encodeSecretData({ endpoint, token: token.reveal(), clusterName })
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name: mcJoinName, namespace }, type: 'Opaque', data }
}
