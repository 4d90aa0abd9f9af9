/**
 * Who has used a token, in the annotations of its Secret. A use belongs to a cluster and its key: using it again costs
 * nothing. Not to the key alone: one whose member has another key by now would be free for any number of further clusters.
 */
import { annotations } from '../../api/group.ts'
import type { KubeClient } from '../../kube/client.ts'
import { keyOf, type Secret, secretKind } from '../../kube/objects.ts'
import { fieldManager } from '../field-manager.ts'

/** As the annotation names who has used it; `keyId` is the thumbprint of the key. Neither part has a dot. */
export function userOf({ uid, keyId }: { readonly uid: string; readonly keyId: string }): string {
  return `${uid}.${keyId}`
}

/** Who has used a bounded token, each as `userOf` names it. */
export function usersOf(secret: Secret): readonly string[] {
  return (secret.metadata.annotations?.[annotations.usedBy] ?? '').split(' ').filter((user) => user !== '')
}

/**
 * Adds a use, bound to the version that was looked at: of two clusters that use the last one at once, one meets a
 * Conflict and has to look again. `now` is ms since the epoch. Throws `KubeApiError`.
 */
export async function addUse(client: KubeClient, secret: Secret, user: string, now: number): Promise<void> {
  const users = [...usersOf(secret), user]
  await client.mergePatch(
    secretKind,
    keyOf(secret),
    {
      metadata: {
        resourceVersion: secret.metadata.resourceVersion,
        annotations: {
          [annotations.usedBy]: users.join(' '),
          [annotations.uses]: String(users.length),
          [annotations.lastUsed]: new Date(now).toISOString(),
        },
      },
    },
    { fieldManager },
  )
}
