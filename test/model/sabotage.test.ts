/** The model sees what it is made to see: a world in which one thing is broken on purpose breaks a law soon. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { KubeRequest } from '../../src/kube/transport.ts'
import { heartbeatPath } from '../../src/protocol/wire.ts'
import { firstBroken } from './check.ts'
import type { Occasion } from './world/api-way.ts'

/** A token's use that is not bound to the version of the Secret that was looked at. */
function withoutVersionOfUses(request: KubeRequest): KubeRequest {
  const { method, path, body } = request
  if (method !== 'PATCH' || !path.includes('/secrets/token-') || body === undefined) return request
  const { metadata } = body as { metadata: object }
  return { ...request, body: { ...body, metadata: { ...metadata, resourceVersion: undefined } } }
}

/** Who confirms a Cluster, and who tidies up, is not shown the older one of the same member when it looks for that. */
function withoutElders(request: KubeRequest, during: Occasion | undefined): KubeRequest {
  const { method, path } = request
  const name = /\/clusters\/([^/?]+)$/.exec(path)?.[1]
  if (method !== 'GET' || name === undefined) return request
  const isOfHeartbeat = during?.path.endsWith('/heartbeat') === true && !during.path.endsWith(heartbeatPath(name))
  return during === undefined || isOfHeartbeat ? { ...request, path: `${path}-gone` } : request
}

describe('a world that is sabotaged', () => {
  it('breaks a law where the uses of a token are counted without looking at its version', async () => {
    const found = await firstBroken({ from: 1, count: 300 }, withoutVersionOfUses)
    assert.match(found?.outcome.broken.join() ?? '', /a token of \d uses has admitted \d clusters/)
  })

  it('breaks a law where nobody finds the older of two Clusters of one member', async () => {
    const found = await firstBroken({ from: 401, count: 300 }, withoutElders)
    assert.match(found?.outcome.broken.join() ?? '', /two (Clusters|members) have one uid/)
  })
})
