/** What time it is by the clock of the API server: that of the machine where a command runs may be wrong. */
import type { KubeClient } from '../../../kube/client.ts'
import { KubeApiError } from '../../../kube/errors.ts'
import type { Kind, ObjectMeta } from '../../../kube/objects.ts'

/** Asks who is asking; the answer is stamped by the API server, and everybody may ask. */
const selfReviewKind: Kind = {
  apiVersion: 'authentication.k8s.io/v1',
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
  namespaced: false,
}

/** Whole seconds, as ms since the epoch; undefined where the API server does not tell. */
export async function serverTime(client: Pick<KubeClient, 'create'>): Promise<number | undefined> {
  try {
    const { metadata } = await client.create(selfReviewKind, { metadata: {} as ObjectMeta })
    const time = Date.parse(metadata.creationTimestamp ?? '')
    return Number.isNaN(time) ? undefined : time
  } catch (error) {
    if (error instanceof KubeApiError && error.status >= 400) return undefined
    throw error
  }
}
