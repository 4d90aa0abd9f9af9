/** Two real control planes side by side: they boot, answer, keep their rights, and record what they were asked. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { AuditLog } from '../../tools/controlplane/audit-log.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { until } from './control-plane.fixture.ts'

describe('two control planes side by side', () => {
  let east: ControlPlane
  let west: ControlPlane

  before(async () => {
    ;[east, west] = await Promise.all([
      startControlPlane({ name: 'east', controllerManager: true }),
      startControlPlane({ name: 'west' }),
    ])
  })

  after(async () => {
    await Promise.all([east.stop(), west.stop()])
  })

  it('are different clusters that both answer kubectl', async () => {
    for (const controlPlane of [east, west]) {
      const uid = await controlPlane.kubectl(['get', 'namespace', 'kube-system', '--output=jsonpath={.metadata.uid}'])
      assert.deepEqual(uid, { stdout: controlPlane.kubeSystemUid, stderr: '', exitCode: 0 })
      assert.equal((await controlPlane.kubectl(['config', 'current-context'])).stdout, `${controlPlane.name}\n`)
    }
    assert.notEqual(east.kubeSystemUid, west.kubeSystemUid)
  })

  it('give kubectl what it reads from standard input, and its exit code', async () => {
    const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'from-stdin' } }
    const applied = await west.kubectl(['apply', '--filename=-'], { input: JSON.stringify(manifest) })
    assert.equal(applied.stdout, 'configmap/from-stdin created\n')
    const missing = await west.kubectl(['get', 'configmap', 'nobody-made-this'])
    assert.equal(missing.exitCode, 1)
    assert.match(missing.stderr, /NotFound/)
  })

  it('are trusted by their own certificate authority only', async () => {
    const kubeconfig = (await readFile(west.kubeconfig, 'utf8')).replace(west.url, east.url)
    const crossed = join(west.dir, 'crossed.kubeconfig')
    await writeFile(crossed, kubeconfig)
    const refused = await west.kubectl(['get', 'namespaces'], { kubeconfig: crossed })
    assert.match(refused.stderr, /certificate signed by unknown authority/)
  })

  it('refuse a service account without rights, and obey once it has them', async () => {
    // `no` is a word that some YAML parsers take for a boolean.
    const kubeconfig = await west.serviceAccountKubeconfig('no', 'visitor')
    const read = ['get', 'configmaps']
    const refused = await west.kubectl(read, { kubeconfig })
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /User "system:serviceaccount:no:visitor" cannot list resource "configmaps"/)

    const role = ['create', 'role', 'reads', '--verb=list', '--resource=configmaps', '--namespace=no']
    const binding = ['create', 'rolebinding', 'reads', '--role=reads', '--serviceaccount=no:visitor', '--namespace=no']
    for (const granting of [role, binding]) assert.equal((await west.kubectl(granting)).exitCode, 0)
    await until(async () => (await west.kubectl(read, { kubeconfig })).exitCode === 0)
  })

  it('record each write once, with its user, and no read as a write', async () => {
    const mark = await west.auditLog.mark()
    await west.kubectl(['create', 'configmap', 'written'])
    await west.kubectl(['get', 'configmap', 'written'])
    const kubeconfig = await west.serviceAccountKubeconfig('intruders', 'intruder')
    await west.kubectl(['delete', 'configmap', 'written', '--namespace=default'], { kubeconfig })

    const aboutIt = (await west.auditLog.writesSince(mark)).filter(({ name }) => name === 'written')
    assert.deepEqual(
      aboutIt.map(({ verb, user, namespace, resource, responseCode }) => [
        verb,
        user,
        namespace,
        resource,
        responseCode,
      ]),
      [
        ['create', 'admin', 'default', 'configmaps', 201],
        ['delete', 'system:serviceaccount:intruders:intruder', 'default', 'configmaps', 403],
      ],
    )
    const byIntruder = await west.auditLog.writesSince(mark, { user: 'system:serviceaccount:intruders:intruder' })
    assert.deepEqual(
      byIntruder.filter(({ name }) => name === 'written').map(({ verb }) => verb),
      ['delete'],
    )
    const verbs = (await west.auditLog.since(mark)).filter(({ name }) => name === 'written').map(({ verb }) => verb)
    assert.ok(verbs.includes('get'), 'reads are recorded, too')
  })

  it('record the bodies of our own kinds, and never the content of a Secret', async () => {
    const definition = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'samples.dist.kio.kasten.io' },
      spec: {
        group: 'dist.kio.kasten.io',
        scope: 'Namespaced',
        names: { kind: 'Sample', plural: 'samples' },
        versions: [
          {
            name: 'v1alpha1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                properties: { spec: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
              },
            },
          },
        ],
      },
    }
    await west.kubectl(['create', '--filename=-'], { input: JSON.stringify(definition) })
    await west.kubectl(['wait', '--for=condition=Established', `crd/${definition.metadata.name}`])
    const mark = await west.auditLog.mark()
    const sample = {
      apiVersion: 'dist.kio.kasten.io/v1alpha1',
      kind: 'Sample',
      metadata: { name: 'one' },
      spec: { size: 3 },
    }
    const created = await west.kubectl(['create', '--filename=-'], { input: JSON.stringify(sample) })
    assert.equal(created.stderr, '')
    await west.kubectl(['create', 'secret', 'generic', 'hidden', '--from-literal=key=ZmluZC1tZQ'])

    const [write] = (await west.auditLog.writesSince(mark)).filter(({ resource }) => resource === 'samples')
    assert.ok(write)
    assert.equal(write.group, 'dist.kio.kasten.io')
    assert.deepEqual((write.requestObject as typeof sample).spec, { size: 3 })
    const log = await readFile(west.auditLog.path, 'utf8')
    assert.ok(log.includes('"name":"hidden"'))
    assert.ok(!log.includes(Buffer.from('ZmluZC1tZQ').toString('base64')))
  })

  it('let a killed API server come back on the same port with the same data', async () => {
    await west.kubectl(['create', 'configmap', 'survivor'])
    await west.stopApiServer()
    const mark = await west.auditLog.mark()
    const down = await west.kubectl(['get', 'configmap', 'survivor'])
    assert.match(down.stderr, /refused/)
    await west.startApiServer()
    const back = await west.kubectl(['get', 'configmap', 'survivor', '--output=name'])
    assert.deepEqual(back, { stdout: 'configmap/survivor\n', stderr: '', exitCode: 0 })
    assert.ok((await west.auditLog.since(mark)).some(({ name }) => name === 'survivor'))
  })

  it('have controllers where asked: a deleted namespace goes with all that is in it', async () => {
    await east.kubectl(['create', 'namespace', 'doomed'])
    await east.kubectl(['create', 'configmap', 'inside', '--namespace=doomed'])
    const deleted = await east.kubectl(['delete', 'namespace', 'doomed', '--wait'])
    assert.equal(deleted.exitCode, 0)
    assert.match((await east.kubectl(['get', 'namespace', 'doomed'])).stderr, /NotFound/)
  })

  it('leave a readable record where a kill has cut one short', async () => {
    const mark = await west.auditLog.mark()
    await west.kubectl(['create', 'configmap', 'cut'])
    await west.kubectl(['create', 'configmap', 'whole'])
    const lines = (await readFile(west.auditLog.path)).subarray(mark).toString().split('\n')
    const cut = lines.find((line) => line.includes('"name":"cut"'))
    const whole = lines.find((line) => line.includes('"name":"whole"'))
    assert.ok(cut && whole)

    const damaged = new AuditLog(join(west.dir, 'damaged.jsonl'))
    await writeFile(damaged.path, `${cut.slice(0, 200)}${whole}\n${cut}\n${whole.slice(0, 200)}`)
    assert.deepEqual(
      (await damaged.since(0)).map(({ name }) => name),
      ['whole', 'cut'],
    )
    assert.deepEqual(
      (await damaged.since(210 + whole.length)).map(({ name }) => name),
      [],
      'the record in which the mark lies was made before the mark',
    )
  })
})
