/**
 * Leases in memory, with the conflicts of an API server. Replicas renew theirs every two seconds, in a week more often than
 * an API server answers in an hour; that the election itself is right is tested against a real one.
 */
import { KubeApiError } from '../../../src/kube/errors.ts'
import type { KubeObject } from '../../../src/kube/objects.ts'
import type { KubeRequest } from '../../../src/kube/transport.ts'

export const leases = 'leases.coordination.k8s.io'

/** Answers requests for leases: GET, PUT, and the PATCH by which a missing one is made. Throws `KubeApiError`. */
export function createLeases(): (request: KubeRequest) => KubeObject {
  const stored = new Map<string, KubeObject>()
  let version = 0

  function store(path: string, object: KubeObject): KubeObject {
    version += 1
    const lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } }
    stored.set(path, lease)
    return lease
  }

  return ({ method, path: withQuery, subject, body }) => {
    const [path = ''] = withQuery.split('?')
    const lease = stored.get(path)
    if (method === 'PATCH' && lease === undefined) return store(path, body as KubeObject)
    if (lease === undefined) throw new KubeApiError(subject, { status: 404, reason: 'NotFound', message: 'no lease' })
    if (method !== 'PUT') return lease
    const written = body as KubeObject
    if (written.metadata.resourceVersion !== lease.metadata.resourceVersion)
      throw new KubeApiError(subject, { status: 409, reason: 'Conflict', message: 'the lease has been modified' })
    return store(path, written)
  }
}
