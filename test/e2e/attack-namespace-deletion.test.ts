/** A deleted namespace ends, although the rights of the primary in it go in the same sweep as its Clusters. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { installDefinitions, installPrimary, type RunningPrimary, startPrimary } from '../../tools/installation.ts'
import { kubectl } from '../support/kubectl.ts'

const namespace = 'kasten-io-mc'

describe('the deletion of the namespace of a primary', () => {
  let controlPlane: ControlPlane
  let primary: RunningPrimary

  before(async () => {
    controlPlane = await startControlPlane({ name: 'primary', controllerManager: true })
    await installDefinitions(controlPlane)
    await kubectl(controlPlane, ['create', 'namespace', namespace])
    primary = await startPrimary(await installPrimary(controlPlane), { flags: { 'log-level': 'debug' } })
    const entry = (name: string, isPrimary: boolean) => ({
      name,
      primary: isPrimary,
      k10: { ingress: { url: primary.endpoint } },
    })
    const names = Array.from({ length: 5 }, (_, index) => `ahead-${index}`)
    const bootstrap = {
      apiVersion: 'dist.kio.kasten.io/v1alpha1',
      kind: 'Bootstrap',
      metadata: { name: 'bootstrap-primary', namespace },
      spec: {
        clusters: {
          primary: entry('primary-cluster-1', true),
          ...Object.fromEntries(names.map((name) => [name, entry(name, false)])),
        },
      },
    }
    await kubectl(controlPlane, ['create', '-f', '-'], JSON.stringify(bootstrap))
    for (const name of names)
      await kubectl(controlPlane, [
        'wait',
        '--for=jsonpath={.metadata.finalizers[0]}',
        `mcc/${name}`,
        '-n',
        namespace,
        '--timeout=60s',
      ])
  })

  after(async () => {
    await primary.stop()
    await controlPlane.stop()
  })

  it('ends by itself', async () => {
    await kubectl(controlPlane, ['delete', 'namespace', namespace, '--timeout=60s'])
    assert.match((await controlPlane.kubectl(['get', 'namespace', namespace])).stderr, /NotFound/)
  })
})
