/** The join token of one join: made for the joining cluster alone, or one that the user names; revoked if it was for nothing. */
import { annotations } from '../../api/group.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isConflict } from '../../kube/errors.ts'
import { keyOf, type Secret, secretKind } from '../../kube/objects.ts'
import type { Changes } from '../changes.ts'
import { kubectl, type Target } from '../command-line.ts'
import { CliError } from '../errors.ts'
import { randomTokenName } from '../issue-token.ts'
import { joinTokenManifest } from '../manifests.ts'
import type { Surroundings } from '../surroundings.ts'
import { joinTokenSecret } from '../token-secret.ts'
import { stateOf } from '../token-text.ts'

export interface TokenDeps extends Pick<Surroundings, 'clock'> {
  readonly client: KubeClient
  readonly changes: Changes
  /** Of the primary. */
  readonly target: Target
}

/** One use, one day, one cluster; it is not filled yet. `uid` is that of the joining cluster. Throws `KubeApiError`. */
export async function makeToken(
  { changes, clock }: Pick<TokenDeps, 'changes' | 'clock'>,
  wish: { readonly namespace: string; readonly uid: string; readonly name: string | undefined },
): Promise<Secret> {
  const key = { namespace: wish.namespace, name: randomTokenName() }
  const wishes = { expiresIn: '24h', maxUses: '1', boundUid: wish.uid, clusterName: wish.name }
  return changes.create(secretKind, joinTokenManifest(key, wishes, clock.now()))
}

/** Throws `CliError` where nobody could join with it. */
export async function namedToken(
  { client, clock, target }: Pick<TokenDeps, 'client' | 'clock' | 'target'>,
  key: { readonly namespace: string; readonly name: string },
): Promise<Secret> {
  const secret = joinTokenSecret(await client.get(secretKind, key), key, target)
  const state = stateOf(secret, clock.now())
  if (state === 'usable') return secret
  throw new CliError(`nobody can join with the token ${key.name}: ${state}`, {
    next: kubectl(target, 'conjoin', 'token', 'show', key.name, '-n', key.namespace),
  })
}

/** Deletes a token that has admitted nobody; a use that comes first wins. Throws `KubeApiError`. */
export async function revokeUnused(
  { client, changes }: Pick<TokenDeps, 'client' | 'changes'>,
  made: Secret,
): Promise<void> {
  const secret = await client.get(secretKind, keyOf(made))
  if (secret === undefined || Number(secret.metadata.annotations?.[annotations.uses] ?? 0) > 0) return
  const { uid, resourceVersion } = secret.metadata
  try {
    await changes.delete(secretKind, keyOf(secret), { uid, resourceVersion })
  } catch (error) {
    if (!isConflict(error)) throw error
  }
}
