/** What becomes of a faulty Bootstrap: refused by the API server where it can be, else a condition and an Event. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { BootstrapStatus } from '../../src/api/bootstrap.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { installDefinitions } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { handled } from '../support/role-reports.ts'
import { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const k10 = { namespace: 'kasten-io', releaseName: 'k10' }

describe('a faulty Bootstrap', () => {
  let controlPlane: BorrowedControlPlane
  let scene: Scene
  let primary: RoleProcess
  const url = 'https://primary.example.com/k10'

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    await installDefinitions(controlPlane)
    // Nobody joins here.
    scene = await Scene.set(controlPlane, controlPlane, 'bad-bootstrap', {})
    primary = await scene.startPrimary()
  })

  after(async () => {
    await scene.end()
    await controlPlane.stop()
  })

  const nameWords =
    'must be an RFC 1123 subdomain: lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit'
  const urlWords =
    'must be http:// or https://, a host, and optionally a port and a path; no query, fragment or user info'
  const refused: readonly { what: string; clusters: object; says: string }[] = [
    {
      what: 'two primaries',
      clusters: { a: { name: 'a', primary: true, k10 }, b: { name: 'b', primary: true, k10 } },
      says: 'spec.clusters: Invalid value: at most one cluster may be the primary',
    },
    {
      what: 'one name twice',
      clusters: { a: { name: 'a', k10 }, b: { name: 'a', k10 } },
      says: 'spec.clusters: Invalid value: the names of the clusters must differ',
    },
    {
      what: 'a URL without a scheme',
      clusters: { a: { name: 'a', k10: { ...k10, ingress: { url: 'primary.example.com' } } } },
      says: `spec.clusters[a].k10.ingress.url: Invalid value: "primary.example.com": ${urlWords}`,
    },
    {
      what: 'a URL with a query',
      clusters: { a: { name: 'a', k10: { ...k10, ingress: { url: 'https://a/?b=c' } } } },
      says: `spec.clusters[a].k10.ingress.url: Invalid value: "https://a/?b=c": ${urlWords}`,
    },
    {
      what: 'a name with a capital and an underscore',
      clusters: { a: { name: 'Primary_1', primary: true, k10 } },
      says: `spec.clusters[a].name: Invalid value: "Primary_1": ${nameWords}`,
    },
    {
      what: 'a name of 64 characters',
      clusters: { a: { name: 'a'.repeat(64), primary: true, k10 } },
      says: 'spec.clusters.a.name: Too long: may not be more than 63 bytes',
    },
  ]
  for (const { what, clusters, says } of refused)
    it(`is refused by kubectl, with the field and the fault, where it has ${what}`, async () => {
      const { exitCode, stderr } = await controlPlane.kubectl(['create', '-f', '-', '-n', scene.place.namespace], {
        input: manifest('refused', clusters),
      })
      assert.equal(exitCode, 1)
      assert.ok(stderr.startsWith('The Bootstrap "refused" is invalid: '), stderr)
      assert.ok(stderr.includes(says), stderr)
      assert.equal(await scene.readBootstrap('refused'), undefined)
    })

  it('says that its primary has no address, and registers it once it has one', async () => {
    await create('first', { a: { name: 'primary-cluster-1', primary: true, k10 }, b: { name: 'ahead', k10 } })
    const message = 'set k10.ingress.url of primary-cluster-1, or give the operator the flag --endpoint'
    await saysNotReady('first', 'EndpointMissing', message)
    assert.deepEqual(await scene.clusters(), [])
    await patch('first', { a: { k10: { ingress: { url } } } })
    await scene.untilReady('primary-cluster-1')
    const status = await statusOf('first', 'True', 'Registered')
    assert.deepEqual(
      status.clusters?.map(({ name }) => name),
      ['primary-cluster-1', 'ahead'],
    )
  })

  it('that names a second primary changes nothing and says which Bootstrap was first', async () => {
    const nothingChanged = await watchForChanges()
    await create('second', {
      a: { name: 'primary-cluster-2', primary: true, k10: { ...k10, ingress: { url } } },
      b: { name: 'bystander', k10 },
    })
    const message = 'Bootstrap first names the primary already; remove one of the two'
    await saysNotReady('second', 'PrimaryConflict', message)
    await nothingChanged()
  })

  it('that uses a name of another one changes nothing and says whose it is', async () => {
    const nothingChanged = await watchForChanges()
    await create('third', {
      a: { name: 'ahead', k10: { ...k10, ingress: { url: 'https://elsewhere.example.com' } } },
      b: { name: 'bystander-2', k10 },
    })
    await saysNotReady('third', 'NameConflict', 'the name ahead belongs to Bootstrap first; choose another name')
    await nothingChanged()
  })

  it('takes effect as soon as it is corrected', async () => {
    await patch('third', { a: { name: 'third-1' } })
    await statusOf('third', 'True', 'Registered')
    assert.deepEqual((await names()).toSorted(), ['ahead', 'bystander-2', 'primary-cluster-1', 'third-1'])
  })

  it('takes effect as soon as nothing stands against it any more', async () => {
    await scene.onPrimary(['delete', 'bootstraps.dist.kio.kasten.io/first'])
    const now =
      'the Cluster primary-cluster-1 is the primary already; a primary is renamed by deleting that Cluster first'
    await saysNotReady('second', 'PrimaryConflict', now)
    assert.ok(!(await names()).includes('primary-cluster-2'))
  })

  async function create(name: string, clusters: object): Promise<void> {
    await scene.onPrimary(['create', '-f', '-'], manifest(name, clusters))
  }

  async function patch(name: string, clusters: object): Promise<void> {
    const change = JSON.stringify({ spec: { clusters } })
    await scene.onPrimary(['patch', `bootstraps.dist.kio.kasten.io/${name}`, '--type=merge', '-p', change])
  }

  /** The status of this very generation, once its condition is this one. */
  async function statusOf(name: string, ready: string, reason: string, message?: string): Promise<BootstrapStatus> {
    return until(`${name} is Ready=${ready}, ${reason}`, async () => {
      const bootstrap = await scene.readBootstrap(name)
      const condition = bootstrap?.status?.conditions?.find(({ type }) => type === 'Ready')
      const isMeant =
        condition?.status === ready &&
        condition.reason === reason &&
        (message ?? condition.message) === condition.message
      return isMeant && condition.observedGeneration === bootstrap?.metadata.generation ? bootstrap?.status : undefined
    })
  }

  async function saysNotReady(name: string, reason: string, message: string): Promise<void> {
    await statusOf(name, 'False', reason, message)
    const event = await until('an Event says the same', async () =>
      (await scene.eventsOnPrimary()).find(({ regarding, note }) => regarding?.name === name && note === message),
    )
    assert.deepEqual([event.type, event.reason], ['Warning', reason])
  }

  async function names(): Promise<string[]> {
    return (await scene.clusters()).map(({ metadata }) => metadata.name)
  }

  /** Gives the assertion, behind a fence, that no Cluster has been written since. */
  async function watchForChanges(): Promise<() => Promise<void>> {
    const [mark, known] = [await controlPlane.auditLog.mark(), await scene.clusters()]
    return async () => {
      for (const name of ['first', 'second']) await handled(primary, 'bootstrap', await scene.readBootstrap(name))
      const writes = await controlPlane.auditLog.writesSince(mark, {
        user: `system:serviceaccount:${scene.place.home}:conjoin-primary`,
      })
      assert.deepEqual(
        writes.filter(({ resource }) => resource === 'clusters'),
        [],
      )
      assert.deepEqual(await scene.clusters(), known)
    }
  }
})

function manifest(name: string, clusters: object): string {
  return JSON.stringify({
    apiVersion: 'dist.kio.kasten.io/v1alpha1',
    kind: 'Bootstrap',
    metadata: { name },
    spec: { clusters },
  })
}
