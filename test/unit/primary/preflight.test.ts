/** What must hold before the primary touches anything. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { managedBy, managedByLabel } from '../../../src/api/group.ts'
import type { Kind } from '../../../src/kube/objects.ts'
import { assertOwnDefinitions } from '../../../src/primary/preflight.ts'
import { createMemoryApi, failure } from './memory-api.fixture.ts'

const kind: Kind = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}
const ours = { [managedByLabel]: managedBy }

function clusterWith(definitions: Readonly<Record<string, Record<string, string>>>) {
  const api = createMemoryApi()
  for (const [plural, labels] of Object.entries(definitions))
    api.put(kind, { metadata: { name: `${plural}.dist.kio.kasten.io`, labels } })
  return api
}

describe('the definitions of our kinds', () => {
  it('are accepted where both are there and ours', async () => {
    await assert.doesNotReject(assertOwnDefinitions(clusterWith({ bootstraps: ours, clusters: ours }).client))
  })

  it('are asked for by name where one is missing, with the command that installs them', async () => {
    for (const [there, missing] of [
      ['bootstraps', 'clusters'],
      ['clusters', 'bootstraps'],
    ] as const)
      await assert.rejects(assertOwnDefinitions(clusterWith({ [there]: ours }).client), {
        name: 'PreflightError',
        message: `the CustomResourceDefinition ${missing}.dist.kio.kasten.io is missing; install it: kubectl apply -f crds/`,
      })
  })

  it("stop the operator where they are somebody else's, and nothing is written", async () => {
    for (const theirs of [{}, { [managedByLabel]: 'another' }, { theirs: managedBy }]) {
      const api = clusterWith({ bootstraps: ours, clusters: theirs })
      await assert.rejects(assertOwnDefinitions(api.client), {
        name: 'PreflightError',
        message:
          /^the CustomResourceDefinition clusters\.dist\.kio\.kasten\.io belongs to another program .*cannot run beside it$/,
      })
      assert.ok(api.requests.every((request) => request.startsWith('get ')))
    }
  })

  it('are not called missing where the API server gives no answer', async () => {
    const api = clusterWith({})
    api.before = () => {
      throw failure(0, 'ECONNREFUSED')
    }
    await assert.rejects(assertOwnDefinitions(api.client), { name: 'KubeApiError' })
  })
})
