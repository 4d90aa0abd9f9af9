/** Creation of a Secret that several replicas may try to create at once, with rights for its name only. */
import { randomUUID } from 'node:crypto'
import type { KubeClient } from '../../kube/client.ts'
import { isConflict } from '../../kube/errors.ts'
import { keyOf, type Secret, secretKind } from '../../kube/objects.ts'

/**
 * Returns the Secret as it is stored afterwards: ours, or that of whoever came first. It is claimed by an apply without
 * force under a manager name of its own, because a POST cannot be allowed for one name only. Throws `KubeApiError`.
 */
export async function claimSecret(client: KubeClient, secret: Secret): Promise<Secret> {
  try {
    return await client.apply<Secret>(secretKind, secret, { fieldManager: `conjoin-claim-${randomUUID()}` })
  } catch (error) {
    if (!isConflict(error)) throw error
    const stored = await client.get(secretKind, keyOf(secret))
    if (stored === undefined) throw error
    return stored
  }
}
