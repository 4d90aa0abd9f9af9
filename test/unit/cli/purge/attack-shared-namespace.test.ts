/** A purge deletes no namespace in which others have put something, whatever it is. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { takeInventory } from '../../../../src/cli/purge/inventory.ts'
import type { KubeClient } from '../../../../src/kube/client.ts'
import type { Kind, ObjectKey } from '../../../../src/kube/objects.ts'

const definition = (group: string, plural: string, kind: string, scope = 'Namespaced') => ({
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    scope,
    names: { kind, plural },
    versions: [
      { name: 'v1beta1', served: false },
      { name: 'v1', served: true },
    ],
  },
})

/** What keeps the namespace, where an API server has these objects by `apiVersion/plural`, and the namespace itself. */
async function held(objects: Readonly<Record<string, readonly object[]>>): Promise<readonly string[] | undefined> {
  const list = async (kind: Kind) => ({
    items: objects[`${kind.apiVersion}/${kind.plural}`] ?? [],
    resourceVersion: '1',
  })
  const get = async ({ kind }: Kind, key: ObjectKey) => (kind === 'Namespace' ? { metadata: key } : undefined)
  const client = { list: list as KubeClient['list'], get: get as KubeClient['get'] }
  const places = { primary: 'kasten-io-mc', operator: 'conjoin-system', secondary: 'kasten-io' }
  return (await takeInventory(client, places)).namespace?.holds
}

const definitions = 'apiextensions.k8s.io/v1/customresourcedefinitions'

describe('what others keep in the namespace of the primary', () => {
  it('is found where it is a volume, a workload, or of a kind that was added', async () => {
    const found = await held({
      [definitions]: [definition('config.kio.kasten.io', 'policies', 'Policy')],
      'v1/persistentvolumeclaims': [{ metadata: { name: 'data' } }],
      'apps/v1/deployments': [{ metadata: { name: 'web' } }],
      'config.kio.kasten.io/v1/policies': [{ metadata: { name: 'nightly' } }],
    })
    assert.deepEqual(found, [
      'persistentvolumeclaim/data',
      'deployment.apps/web',
      'policy.config.kio.kasten.io/nightly',
    ])
  })

  it('is nothing of ours, and nothing of a kind that lives in no namespace', async () => {
    const found = await held({
      [definitions]: [
        definition('dist.kio.kasten.io', 'clusters', 'Cluster'),
        definition('example.com', 'realms', 'Realm', 'Cluster'),
      ],
      'dist.kio.kasten.io/v1/clusters': [{ metadata: { name: 'east' }, spec: { primary: false } }],
      'example.com/v1/realms': [{ metadata: { name: 'all' } }],
    })
    assert.deepEqual(found, [])
  })
})
