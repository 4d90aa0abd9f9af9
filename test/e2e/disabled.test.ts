/** Multi-cluster is disabled: the process is there and ready, and what users create for it has no effect at all. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { installDefinitions, installPrimary } from '../../tools/installation.ts'
import { type RoleProcess, startRole } from '../../tools/role-process.ts'
import { kubectl } from '../support/kubectl.ts'
import { readiness } from '../support/role-reports.ts'
import { Scene } from '../support/scene.ts'

const disabled = { multicluster: 'false' }
/** Refused before a byte is sent, which shows as well as a join that somebody has looked at it. */
const mcJoin = { endpoint: 'https://primary.example.com', token: 'mcj1.' }

describe('with multi-cluster disabled', () => {
  let controlPlane: BorrowedControlPlane
  let mark: number
  const ends: (() => Promise<unknown>)[] = []

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    mark = await controlPlane.auditLog.mark()
  })

  after(async () => {
    await Promise.all(ends.map((end) => end()))
    await controlPlane.stop()
  })

  it('mc-join has no effect at all on a secondary', async () => {
    const scene = await setScene('off')
    const watched = await setScene('on')
    const secondary = await scene.startSecondary(disabled)
    await scene.mcJoin(mcJoin)
    assert.deepEqual(await readiness(secondary), { status: 200, text: 'ok' })

    // Time enough for a secondary that is not disabled.
    await watched.startSecondary()
    await watched.mcJoin(mcJoin)
    await watched.untilStatus('Rejected', /^TokenMalformed: /)
    assert.deepEqual(await readiness(secondary), { status: 200, text: 'ok' })

    await scene.stop(secondary)
    assert.deepEqual(await requestsBy('off-io', 'secondary'), [])
    assert.notDeepEqual(await requestsBy('on-io', 'secondary'), [])
    const { items } = JSON.parse(await scene.onSecondary(['get', 'secrets', '-o', 'json'])) as { items: Secret[] }
    assert.deepEqual(
      items.map(({ metadata }) => metadata.name),
      ['mc-join'],
    )
  })

  it('mc-join takes effect when it is enabled again', async () => {
    const scene = await setScene('again')
    const secondary = await scene.startSecondary(disabled)
    await scene.mcJoin(mcJoin)
    await scene.stop(secondary)
    await scene.startSecondary()
    await scene.untilStatus('Rejected', /^TokenMalformed: /)
  })

  it('a primary does nothing either', async () => {
    await installDefinitions(controlPlane)
    const place = { namespace: 'off-mc', home: 'off-system' }
    const primary: RoleProcess = startRole('primary', {
      kubeconfig: await installPrimary(controlPlane, place),
      namespace: place.namespace,
      'identity-namespace': place.home,
      listen: '127.0.0.1:0',
      'admin-listen': '127.0.0.1:0',
      ...disabled,
    })
    ends.push(async () => primary.stop())
    const bootstrap = {
      apiVersion: 'dist.kio.kasten.io/v1alpha1',
      kind: 'Bootstrap',
      metadata: { name: 'bootstrap-primary', namespace: place.namespace },
      spec: { clusters: { a: { name: 'primary-cluster-1', primary: true, k10: {} } } },
    }
    await kubectl(controlPlane, ['create', '-f', '-'], JSON.stringify(bootstrap))
    assert.deepEqual(await readiness(primary), { status: 200, text: 'ok' })
    assert.equal(await primary.stop(), 0)
    assert.deepEqual(await requestsBy('off-system', 'primary'), [])
  })

  async function setScene(name: string): Promise<Scene> {
    const scene = await Scene.set(controlPlane, controlPlane, name, {})
    ends.push(async () => scene.end())
    return scene
  }

  /** Everything that the role has asked the API server for, reads too. */
  async function requestsBy(namespace: string, role: string): Promise<readonly string[]> {
    const user = `system:serviceaccount:${namespace}:conjoin-${role}`
    const requests = await controlPlane.auditLog.since(mark)
    return requests.filter((request) => request.user === user).map(({ verb, requestURI }) => `${verb} ${requestURI}`)
  }
})
