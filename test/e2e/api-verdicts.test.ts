/** The same samples to our schemas and to a real API server: both must say yes, or both no. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { stringify } from 'yaml'
import type { z } from 'zod'
import { bootstrapSchema } from '../../src/api/bootstrap.ts'
import { clusterSchema } from '../../src/api/cluster.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { installDefinitions } from '../../tools/installation.ts'
import {
  apiVersion,
  at,
  bad,
  bootstrap,
  cluster,
  entry,
  good,
  member,
  named,
  namespace,
} from './api-verdicts.fixture.ts'

const hangLimit = { timeout: 60_000 }

let controlPlane: BorrowedControlPlane

async function kubectl(args: readonly string[], object?: object) {
  return controlPlane.kubectl(args, object === undefined ? {} : { input: JSON.stringify(object) })
}

async function mustKubectl(args: readonly string[], object?: object): Promise<string> {
  const { exitCode, stdout, stderr } = await kubectl(args, object)
  assert.equal(exitCode, 0, stderr)
  return stdout
}

async function patch(name: string, spec: object) {
  return kubectl(['patch', 'mcc', name, '-n', namespace, '--type=merge', '-p', JSON.stringify({ spec })])
}

async function mustPatch(name: string, spec: object): Promise<void> {
  const { exitCode, stderr } = await patch(name, spec)
  assert.equal(exitCode, 0, stderr)
}

before(async () => {
  controlPlane = await borrowControlPlane('primary')
  await installDefinitions(controlPlane)
  await mustKubectl(['create', 'namespace', namespace])
}, hangLimit)

after(async () => controlPlane.stop())

/** What our schema says to the object as it would be sent. */
function ourVerdict(object: object): boolean {
  const sent: unknown = JSON.parse(JSON.stringify(object))
  const schema: z.ZodType = 'kind' in object && object.kind === 'Cluster' ? clusterSchema : bootstrapSchema
  return schema.safeParse(sent).success
}

/** Unknown fields are for the API server to drop, so kubectl does not look at them. */
async function create(object: object) {
  return kubectl(['create', '--dry-run=server', '--validate=false', '-f', '-'], object)
}

describe('schema and API server', () => {
  for (const { what, object } of good) {
    it(`both accept ${what}`, hangLimit, async () => {
      assert.equal(ourVerdict(object), true)
      const { exitCode, stderr } = await create(object)
      assert.equal(exitCode, 0, stderr)
    })
  }

  for (const { what, object } of bad) {
    it(`both refuse ${what}`, hangLimit, async () => {
      assert.equal(ourVerdict(object), false)
      const { exitCode, stderr } = await create(object)
      assert.equal(exitCode, 1)
      assert.match(stderr, /is invalid/)
    })
  }

  it('fill in the same defaults', hangLimit, async () => {
    const given = bootstrap({ a: { name: 'a', k10: {} } })
    const stored = JSON.parse(
      (await kubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], given)).stdout,
    ) as {
      spec: unknown
    }
    assert.deepEqual(stored.spec, bootstrapSchema.parse(given).spec)
  })
})

describe('what a user sees', () => {
  it('is a plain message for a bad URL and a bad name, not a pattern', hangLimit, async () => {
    const url = await create(at('https://user:password@primary/k10'))
    assert.match(url.stderr, /must be http:\/\/ or https:\/\/, a host, .*; no query, fragment or user info/)
    const name = await create(named('Edge'))
    assert.match(name.stderr, /must be an RFC 1123 subdomain/)
    assert.ok(![url.stderr, name.stderr].some((text) => text.includes('A-Za-z')))
  })

  it('is the Bootstrap of the first guide, created as it is written there', hangLimit, async () => {
    const manifest = stringify({
      apiVersion,
      kind: 'Bootstrap',
      metadata: { name: 'bootstrap-primary', namespace },
      spec: { clusters: { 'primary-cluster': entry } },
    })
    const created = await controlPlane.kubectl(['create', '-f', '-'], { input: manifest })
    assert.equal(created.stdout, 'bootstrap.dist.kio.kasten.io/bootstrap-primary created\n')
  })

  it('is a table with type, readiness, reason, version and age, under mcc and the category', hangLimit, async () => {
    const labels = { 'dist.kio.kasten.io/cluster-type': 'secondary' }
    const object = cluster({}, 'shown')
    await mustKubectl(['create', '-f', '-'], { ...object, metadata: { ...object.metadata, labels } })
    const condition = { type: 'Ready', status: 'True', reason: 'Joined', message: '' }
    const status = {
      conditions: [{ ...condition, lastTransitionTime: '2026-01-31T12:00:00Z', observedGeneration: 1 }],
      versions: { kubernetes: 'v1.36.3', operator: '0.1.0' },
    }
    const patch = ['--subresource=status', '--type=merge', '-p', JSON.stringify({ status })]
    await mustKubectl(['patch', 'mcc', 'shown', '-n', namespace, ...patch])
    for (const resource of ['mcc', 'multicluster', 'clusters.dist.kio.kasten.io']) {
      const table = await mustKubectl(['get', resource, '-n', namespace, '-l', 'dist.kio.kasten.io/cluster-type'])
      const [header, row] = table.split('\n')
      assert.deepEqual(header?.split(/\s+/), ['NAME', 'TYPE', 'READY', 'REASON', 'VERSION', 'AGE'])
      assert.deepEqual(row?.split(/\s+/).slice(0, 5), ['shown', 'secondary', 'True', 'Joined', 'v1.36.3'])
    }
  })

  it('is an explanation of every field by kubectl explain', hangLimit, async () => {
    const text = await mustKubectl(['explain', 'bootstrap.spec.clusters.k10.namespace'])
    assert.match(text, /Namespace that K10 is installed in\. Default: kasten-io\./)
  })
})

describe('a member of a stored Cluster', () => {
  const refusal = /member cannot be removed and its uid cannot change; delete the Cluster instead/

  it('can be set once', hangLimit, async () => {
    await mustKubectl(['create', '-f', '-'], cluster({}, 'claimed'))
    const claimed = await patch('claimed', { member })
    assert.equal(claimed.exitCode, 0, claimed.stderr)
  })

  it('cannot be removed, nor given another uid', hangLimit, async () => {
    await mustKubectl(['create', '-f', '-'], cluster({ member }, 'kept'))
    const removed = await patch('kept', { member: null })
    assert.equal(removed.exitCode, 1)
    assert.match(removed.stderr, refusal)
    const changed = await patch('kept', { member: { uid: '00000000-1d2e-4f50-8a9b-0c1d2e3f4a5b' } })
    assert.equal(changed.exitCode, 1)
    assert.match(changed.stderr, refusal)
    const replaced = await kubectl(['replace', '-f', '-'], cluster({}, 'kept'))
    assert.equal(replaced.exitCode, 1)
    assert.match(replaced.stderr, refusal)
    const stored = await mustKubectl(['get', 'mcc', 'kept', '-n', namespace, '-o', 'jsonpath={.spec.member.uid}'])
    assert.equal(stored, member.uid)
  })

  it('can be denied until it has joined, and is disconnected by deletion afterwards', hangLimit, async () => {
    await mustKubectl(['create', '-f', '-'], cluster({ member, approval: 'manual' }, 'denied'))
    for (const approved of [false, true]) await mustPatch('denied', { approved })
    const joined = { type: 'Joined', status: 'True', reason: 'Joined', message: '' }
    const conditions = [{ ...joined, lastTransitionTime: '2026-01-31T12:00:00Z' }]
    const status = JSON.stringify({ status: { conditions } })
    await mustKubectl(['patch', 'mcc', 'denied', '-n', namespace, '--subresource=status', '--type=merge', '-p', status])
    const denied = await patch('denied', { approved: false })
    assert.equal(denied.exitCode, 1)
    assert.match(denied.stderr, /approved: false denies a join that waits, and this cluster has joined; delete the/)
    const object = cluster({ member, approval: 'manual', approved: false }, 'denied')
    assert.equal(ourVerdict({ ...object, status: { conditions } }), false)
    await mustPatch('denied', { approved: null })
  })

  it('may change its key and everything around it', hangLimit, async () => {
    await mustKubectl(['create', '-f', '-'], cluster({ member }, 'rekeyed'))
    const rekeyed = await patch('rekeyed', {
      approved: true,
      k10: { ingress: { url: 'https://elsewhere' } },
      member: { publicKey: 'E'.repeat(43), keyId: 'F'.repeat(43), previousKeyId: member.keyId },
    })
    assert.equal(rekeyed.exitCode, 0, rekeyed.stderr)
  })
})
