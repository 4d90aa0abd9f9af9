import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootstrapSchema } from '../../../src/api/bootstrap.ts'
import { clusterSchema } from '../../../src/api/cluster.ts'
import { readStored } from '../../../src/api/stored.ts'

const apiVersion = 'dist.kio.kasten.io/v1alpha1'
const metadata = { name: 'edge-1', namespace: 'kasten-io-mc', resourceVersion: '7' }
const cluster = {
  apiVersion,
  kind: 'Cluster',
  metadata,
  spec: { primary: false, k10: { namespace: 'kasten-io', releaseName: 'k10' } },
}

describe('reading a stored object', () => {
  it('fills in defaults', () => {
    const reading = readStored(clusterSchema, { ...cluster, spec: { k10: {} } })
    assert.deepEqual(reading, { ok: true, object: cluster, faults: [] })
  })

  it('ignores what a newer writer added, and its new words', () => {
    const status = {
      conditions: [
        { type: 'Fancy', status: 'True', reason: 'New', message: '', lastTransitionTime: '2026-01-31T12:00:00Z' },
      ],
    }
    const reading = readStored(clusterSchema, {
      ...cluster,
      metadata: { ...metadata, managedFields: [] },
      spec: { ...cluster.spec, shard: 7 },
      status: { ...status, phase: 'x' },
    })
    assert.deepEqual(reading, { ok: true, object: { ...cluster, status }, faults: [] })
  })

  it('still gives a member whose values break a newer rule, and names the field but not its value', () => {
    const old = {
      ...cluster,
      spec: { ...cluster.spec, k10: { ...cluster.spec.k10, ingress: { url: 'https://u:hunter2@h' } } },
    }
    const reading = readStored(clusterSchema, old)
    assert.ok(reading.ok)
    assert.equal(reading.object.metadata.name, 'edge-1')
    assert.deepEqual(reading.faults, ['spec.k10.ingress.url: carries user info, the part before "@"; remove it'])
  })

  it('gives nothing of an object that has not the shape of its kind', () => {
    for (const value of [undefined, null, 7, {}, { ...cluster, spec: undefined }, { ...cluster, spec: { k10: 'x' } }]) {
      const reading = readStored(clusterSchema, value)
      assert.ok(!reading.ok && reading.faults.length > 0)
    }
    assert.equal(readStored(bootstrapSchema, cluster).ok, false)
  })
})
