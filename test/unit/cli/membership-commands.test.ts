/** `approve`, `disconnect`, `leave`, `purge` and `version`, in the cases that need no operator. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../src/api/cluster.ts'
import { clusters } from '../../../src/cli/kinds.ts'
import { customResourceDefinitionKind, namespaceKind, secretKind } from '../../../src/kube/objects.ts'
import { createTerminal, type Terminal } from './terminal.fixture.ts'

const namespace = 'kasten-io-mc'

function put(terminal: Terminal, name: string, more: { spec?: object; status?: object } = {}): void {
  const k10 = { namespace: 'kasten-io', releaseName: 'k10' }
  const cluster = { metadata: { name, namespace }, spec: { primary: false, k10, ...more.spec }, status: more.status }
  terminal.api.put(clusters, cluster as unknown as Cluster)
}

const joined = { conditions: [{ type: 'Joined', status: 'True', reason: 'Joined', message: '' }] }
const writes = ({ api }: Terminal) => api.requests.filter((request) => !/^(get|list) /.test(request))

describe('approve', () => {
  it('is a word that is given once', async () => {
    const terminal = createTerminal()
    put(terminal, 'east')
    assert.equal((await terminal.run('approve', 'east')).printed, 'cluster.dist.kio.kasten.io/east approved\n')
    assert.equal(terminal.api.stored(clusters, 'east', namespace)?.spec.approved, true)
    assert.equal((await terminal.run('approve', 'east')).printed, 'cluster.dist.kio.kasten.io/east unchanged\n')
    assert.equal((await terminal.run('approve', 'east', '--deny')).printed, 'cluster.dist.kio.kasten.io/east denied\n')
    assert.equal(terminal.api.stored(clusters, 'east', namespace)?.spec.approved, false)
  })

  it('has nothing to say of who has joined', async () => {
    const terminal = createTerminal()
    put(terminal, 'east', { status: joined })
    assert.equal((await terminal.run('approve', 'east')).printed, 'cluster.dist.kio.kasten.io/east unchanged\n')
    assert.deepEqual(writes(terminal), [])
  })

  it('and disconnect name the command that lists the Clusters, where there is none of the name', async () => {
    for (const command of ['approve', 'disconnect']) {
      const { exitCode, said } = await createTerminal().run(command, 'nobody')
      assert.equal(exitCode, 1)
      const next = /there is no Cluster nobody in kasten-io-mc\n.*\n {2}kubectl get clusters\.dist\.kio\.kasten\.io -n/
      assert.match(said, next)
    }
  })
})

describe('disconnect', () => {
  it('deletes nothing in a dry run', async () => {
    const terminal = createTerminal()
    put(terminal, 'east')
    const { printed } = await terminal.run('disconnect', 'east', '--dry-run')
    assert.equal(printed, 'cluster.dist.kio.kasten.io/east deleted (dry run)\n')
    assert.deepEqual(writes(terminal), [])
  })
})

describe('leave', () => {
  it('has nothing to do for a cluster that has joined nobody', async () => {
    const terminal = createTerminal()
    const { exitCode, said } = await terminal.run('leave')
    assert.equal(exitCode, 0)
    assert.equal(said, 'there is no mc-cluster-info in kasten-io: this cluster has joined nobody\n')
    assert.deepEqual(writes(terminal), [])
  })

  it('says who has to run where nobody heeds it', async () => {
    const terminal = createTerminal()
    terminal.api.put(secretKind, { metadata: { name: 'mc-cluster-info', namespace: 'kasten-io' } })
    const { exitCode, said } = await terminal.run('leave', '--wait', '--timeout', '0s')
    assert.equal(exitCode, 1)
    assert.match(said, /still there after 0 s; does the operator run\?\n.*\n {2}kubectl conjoin status -n kasten-io\n$/)
  })
})

describe('purge', () => {
  it('finds nothing to do on a cluster without conjoin', async () => {
    const terminal = createTerminal()
    const { exitCode, said } = await terminal.run('purge', '--yes')
    assert.equal(exitCode, 0)
    assert.equal(said, 'there is nothing of conjoin on this cluster\n')
    assert.deepEqual(writes(terminal), [])
  })
})

describe('purge, of what others have made', () => {
  const user = { metadata: { name: 'mine', namespace }, type: 'Opaque' }
  const definition = { metadata: { name: 'clusters.dist.kio.kasten.io', labels: { team: 'somebody' } } }

  it('deletes nothing, and says so', async () => {
    const terminal = createTerminal()
    terminal.api.put(namespaceKind, { metadata: { name: namespace } })
    terminal.api.put(secretKind, user)
    terminal.api.put(customResourceDefinitionKind, definition)
    const { printed, said } = await terminal.run('purge', '--yes')
    assert.equal(printed, '')
    assert.match(said, /^the namespace kasten-io-mc stays: it also holds secret\/mine\n/)
    assert.deepEqual(writes(terminal), [])
  })
})

describe('version', () => {
  it('asks no cluster where only the program is asked for', async () => {
    const terminal = createTerminal()
    assert.equal((await terminal.run('version', '--client', '-o', 'json')).printed, '{\n    "client": "1.2.3"\n}\n')
    assert.deepEqual(terminal.api.requests, [])
  })

  it('counts the operators of each version', async () => {
    const terminal = createTerminal()
    const reported = (operator: string) => ({ status: { versions: { kubernetes: 'v1.36.3', operator } } })
    put(terminal, 'primary-1', reported('1.2.3'))
    put(terminal, 'east', reported('1.2.3'))
    put(terminal, 'west', reported('1.1.0'))
    put(terminal, 'ahead')
    const { printed } = await terminal.run('version')
    assert.equal(
      printed,
      [
        'PROGRAM                  VERSION',
        'kubectl conjoin          1.2.3',
        'kubernetes               v1.36.3',
        'operator on 2 clusters   1.2.3',
        'operator on west         1.1.0',
        '',
      ].join('\n'),
    )
  })
})
