/** Who has used a token, in the annotations of its Secret. A use belongs to a key: using it again costs nothing. */
import { annotations } from '../../api/group.ts'
import type { KubeClient } from '../../kube/client.ts'
import { keyOf, type Secret, secretKind } from '../../kube/objects.ts'
import { fieldManager } from '../field-manager.ts'

/** Thumbprints of the keys that have used a bounded token. */
export function usersOf(secret: Secret): readonly string[] {
  return (secret.metadata.annotations?.[annotations.usedBy] ?? '').split(' ').filter((keyId) => keyId !== '')
}

/**
 * Adds a use, bound to the version that was looked at: of two clusters that use the last one at once, one meets a
 * Conflict and has to look again. `now` is ms since the epoch. Throws `KubeApiError`.
 */
export async function addUse(client: KubeClient, secret: Secret, keyId: string, now: number): Promise<void> {
  const users = [...usersOf(secret), keyId]
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
