import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Deployment, viewDeployment } from '../../../../../src/cli/diagnosis/gather/deployment.ts'

function deployment(container: object, replicas?: number): Deployment {
  return {
    metadata: { name: 'conjoin-secondary' },
    spec: { ...(replicas === undefined ? {} : { replicas }), template: { spec: { containers: [container] } } },
  }
}

describe('a deployment', () => {
  it('is disabled by its arguments, and it is known where', () => {
    const view = viewDeployment(deployment({ args: ['secondary', '--multicluster=false'] }))
    assert.deepEqual([view.isDisabled, view.disabledArgument], [true, { container: 0, index: 1 }])
  })

  it('is disabled by its environment, over which an argument goes', () => {
    const env = [{ name: 'CONJOIN_MULTICLUSTER', value: 'false' }]
    assert.equal(viewDeployment(deployment({ env })).isDisabled, true)
    assert.equal(viewDeployment(deployment({ env, args: ['secondary', '--multicluster=true'] })).isDisabled, false)
  })

  it('has one replica where nothing else is said, and none ready before that is told', () => {
    const { replicas, ready } = viewDeployment(deployment({}))
    assert.deepEqual([replicas, ready], [1, 0])
    assert.equal(viewDeployment(deployment({}, 0)).replicas, 0)
  })

  it('does not tell its exceptions from the proxy where a Secret may hold them', () => {
    assert.equal(viewDeployment(deployment({})).noProxy, '')
    assert.equal(viewDeployment(deployment({ env: [{ name: 'NO_PROXY', value: 'a,b' }] })).noProxy, 'a,b')
    assert.equal(viewDeployment(deployment({ envFrom: [{ secretRef: { name: 'proxy' } }] })).noProxy, undefined)
  })
})
