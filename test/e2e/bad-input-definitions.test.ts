/** A primary whose kinds are missing, or belong to another program: it says which and why, and touches nothing. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { installDefinitions, installPrimary, startPrimary, usualPrimary } from '../../tools/installation.ts'
import { type RoleProcess, startRole } from '../../tools/role-process.ts'
import { kubectl } from '../support/kubectl.ts'
import { foreignClusters } from '../support/manifests.ts'

describe('a primary on a cluster', () => {
  let controlPlane: ControlPlane
  let kubeconfig: string
  const roles: RoleProcess[] = []

  before(async () => {
    controlPlane = await startControlPlane({ name: 'primary' })
    await kubectl(controlPlane, ['create', 'namespace', usualPrimary.namespace])
    kubeconfig = await installPrimary(controlPlane)
  })

  after(async () => {
    await Promise.all(roles.map((role) => role.stop()))
    await controlPlane.stop()
  })

  it('without its kinds ends, and says which one is missing and how to install it', async () => {
    await assertRefused(
      'the CustomResourceDefinition bootstraps.dist.kio.kasten.io is missing; install it: kubectl apply -f crds/',
    )
  })

  it('with one of its kinds only ends, and names the other', async () => {
    await installDefinitions(controlPlane)
    await kubectl(controlPlane, ['delete', 'crd', 'clusters.dist.kio.kasten.io'])
    await assertRefused(
      'the CustomResourceDefinition clusters.dist.kio.kasten.io is missing; install it: kubectl apply -f crds/',
    )
  })

  it("with another program's kind of the same name ends, and says which one and why", async () => {
    await kubectl(controlPlane, ['create', '-f', '-'], JSON.stringify(foreignClusters))
    await assertRefused(
      'the CustomResourceDefinition clusters.dist.kio.kasten.io belongs to another program (it has no label dist.kio.kasten.io/managed-by=conjoin); conjoin does not touch it and cannot run beside it',
    )
  })

  it('serves as soon as both kinds are its own', async () => {
    await kubectl(controlPlane, ['delete', 'crd', 'clusters.dist.kio.kasten.io'])
    await installDefinitions(controlPlane)
    const primary = await startPrimary(kubeconfig)
    assert.equal(await primary.stop(), 0)
  })

  /** The process ends by itself, with this as its last word, and has asked for no change. */
  async function assertRefused(message: string): Promise<void> {
    const mark = await controlPlane.auditLog.mark()
    const { namespace, home } = usualPrimary
    const role = startRole('primary', {
      kubeconfig,
      namespace,
      'identity-namespace': home,
      listen: '127.0.0.1:0',
      'admin-listen': '127.0.0.1:0',
    })
    roles.push(role)
    const last = await role.logged('the primary gives up', ({ msg }) => msg === 'stopped by a failure')
    assert.equal((last['err'] as { message: string }).message, message)
    assert.equal(await role.ended, 1)
    const user = `system:serviceaccount:${home}:conjoin-primary`
    assert.deepEqual(await controlPlane.auditLog.writesSince(mark, { user }), [])
  }
})
