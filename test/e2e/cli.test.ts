/** `kubectl conjoin` as its users run it, against real control planes with real operators. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { type CliResult, conjoin, nextCommand, writeContexts } from '../support/cli.ts'
import { kubectl } from '../support/kubectl.ts'
import { type Pair, startOwnPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'

let pair: Pair
let scene: Scene
/** A list of files, as kubectl takes it. */
let kubeconfig: string

const run = async (args: readonly string[]): Promise<CliResult> => conjoin(args, { KUBECONFIG: kubeconfig })
const onPrimary = async (...args: readonly string[]): Promise<CliResult> =>
  run([...args, '--context', 'primary', '-n', scene.place.namespace])
const onSecondary = async (...args: readonly string[]): Promise<CliResult> =>
  run([...args, '--context', 'secondary', '-n', scene.namespace])
const join = async (...args: readonly string[]): Promise<CliResult> =>
  onSecondary('join', '--primary-context', 'primary', '--primary-namespace', scene.place.namespace, ...args)

const tokenNames = async (): Promise<string> =>
  scene.onPrimary(['get', 'secrets', '--field-selector', 'type=dist.kio.kasten.io/join-token', '-o', 'name'])

function assertDone(result: CliResult, stdout: string | RegExp): void {
  assert.equal(result.exitCode, 0, result.stderr)
  if (typeof stdout === 'string') assert.equal(result.stdout, stdout)
  else assert.match(result.stdout, stdout)
}

function assertFailed(result: CliResult, stderr: RegExp): void {
  assert.equal(result.exitCode, 1, result.stdout)
  assert.equal(result.stdout, '')
  assert.match(result.stderr, stderr)
}

before(async () => {
  pair = await startOwnPair()
  const files = await Promise.all(
    [pair.primary, pair.secondary].map(async (side) => writeContexts(path.join(side.dir, 'contexts.yaml'), [side])),
  )
  kubeconfig = [path.join(pair.primary.dir, 'no-such-file'), ...files].join(path.delimiter)
  scene = await pair.scene('cli')
  await Promise.all([scene.startPrimary(), scene.startSecondary()])
})

after(async () => pair.stop())

describe('kubectl conjoin', () => {
  it('makes a cluster a primary, and waits until its operator has registered it', async () => {
    const made = await onPrimary('init', '--name', 'primary-cluster-1', '--ingress', scene.endpoint)
    assertDone(made, /^namespace\/cli-mc unchanged\n.*^bootstrap\.\S+\/bootstrap-primary created\n$/ms)
    assert.match(made.stderr, /^primary-cluster-1 is the primary; next: kubectl conjoin token create -n cli-mc /)
  })

  it('creates a join token for one cluster and a day, and prints it only where it is asked to', async () => {
    const created = await onPrimary('token', 'create', 'for-east', '--cluster-name', 'east')
    assertDone(created, 'secret/for-east created\n')
    const [list, yaml, shown, revealed] = await Promise.all([
      onPrimary('token', 'list'),
      onPrimary('token', 'list', '-o', 'yaml'),
      onPrimary('token', 'show', 'for-east'),
      onPrimary('token', 'show', 'for-east', '--reveal'),
    ])
    assertDone(list, /^NAME +STATE +USES +EXPIRES +SCOPE +AGE\nfor-east +usable +0\/1 +in 23h\S* +name=east +\S+\n$/)
    assertDone(revealed, /^mcj1\.\S+\n$/)
    const token = revealed.stdout.trim()
    for (const { stdout, stderr } of [created, list, yaml, shown])
      for (const form of [token, Buffer.from(token).toString('base64')]) assert.ok(!(stdout + stderr).includes(form))
    assertDone(await onPrimary('token', 'revoke', 'for-east'), 'secret/for-east deleted\n')
    assert.equal(await tokenNames(), '')
  })

  it('says why a join was rejected and what to run next, and revokes the token that it made', async () => {
    const rejected = await join('--name', 'primary-cluster-1')
    assertFailed(rejected, /error: the join was rejected: NameTaken: /)
    assert.match(nextCommand(rejected), /^kubectl conjoin join .* --name primary-cluster-1-\w{4} --context secondary$/)
    assert.equal(await tokenNames(), '')
  })

  it('joins a cluster to a primary, and ends with the line of its Cluster', async () => {
    const line = /^NAME +TYPE +READY +REASON +VERSION +AGE\neast +secondary +True +Joined +v1\S+ +\S+\n$/
    assertDone(await join('--name', 'east'), line)
    assert.equal((await scene.clusterInfo())?.['clusterName'], 'east')
  })

  it('changes nothing where the cluster has joined already', async () => {
    const before = [await tokenNames(), await scene.readOnSecondary('secret', 'mc-join')]
    const again = await join('--name', 'east')
    assertDone(again, /\neast +secondary +True/)
    assert.match(again.stderr, /has joined this primary already/)
    assert.deepEqual([await tokenNames(), await scene.readOnSecondary('secret', 'mc-join')], before)
  })

  it('gives the cluster and then its primary another key, and the membership goes on', async () => {
    const member = await onSecondary('rotate', 'member')
    assertDone(member, 'secret/mc-cluster-info annotated\n')
    assert.match(member.stderr, /^the key of this cluster is \S{43} now; /)
    const primary = await run(['rotate', 'primary', '--context', 'primary', '-n', scene.place.home])
    assertDone(primary, 'secret/mc-primary-identity annotated\n')
    assert.match(primary.stderr, /^the next signing key is \S{43}; it becomes the current one /)
    assertDone(await join('--name', 'east'), /\neast +secondary +True +Joined/)
  })

  it('takes a cluster out of its primary from its own side', async () => {
    const left = await onSecondary('leave', '--wait')
    assertDone(left, 'secret/mc-cluster-info annotated\n')
    assert.match(left.stderr, /^Left: east left primary-cluster-1; /)
  })

  it('prints the two manifests of a join, which lead to it when they are applied', async () => {
    const before = await scene.readOnSecondary('secret', 'mc-join')
    const printed = await join('--name', 'east', '-o', 'yaml')
    assert.equal(printed.exitCode, 0, printed.stderr)
    assert.deepEqual(await scene.readOnSecondary('secret', 'mc-join'), before)
    const [forPrimary = '', forSecondary = ''] = printed.stdout.split('---\n')
    assert.doesNotMatch(forPrimary, /mcj1|^data:/m)
    await scene.onPrimary(['apply', '-f', '-'], forPrimary)
    await scene.onSecondary(['apply', '-f', '-'], forSecondary)
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
  })

  it('ends a membership from the primary, but not that of the primary itself', async () => {
    const [ended, refused] = await Promise.all([
      onPrimary('disconnect', 'east', '--wait'),
      onPrimary('disconnect', 'primary-cluster-1'),
    ])
    assertDone(ended, 'cluster.dist.kio.kasten.io/east deleted\n')
    assertFailed(refused, /primary-cluster-1 is the primary itself/)
    const names = (await scene.clusters()).map(({ metadata }) => metadata.name)
    assert.deepEqual(names, ['primary-cluster-1'])
  })

  it('names the command that lets a join go on which waits for approval', async () => {
    assertDone(await onPrimary('token', 'create', 'asked', '--approval', 'manual', '-o', 'name'), 'secret/asked\n')
    const waiting = await join('--name', 'east', '--token', 'asked', '--timeout', '5s')
    assertFailed(waiting, /not joined after 5 s: PendingApproval: /)
    const next = nextCommand(waiting)
    assert.equal(next, `kubectl conjoin approve east -n ${scene.place.namespace} --context primary`)
    assertDone(await run(next.split(' ').slice(2)), 'cluster.dist.kio.kasten.io/east approved\n')
  })
})

describe('kubectl conjoin on a cluster without an operator of a primary', () => {
  const place = ['--context', 'secondary', '-n', 'cli-second-mc'] as const
  const init = async (...args: readonly string[]): Promise<CliResult> =>
    run(['init', '--name', 'second', '--ingress', 'https://second.example.com', ...place, '--timeout', '1s', ...args])
  const onCluster = async (...args: readonly string[]): Promise<string> => kubectl(pair.secondary, args)
  const definition = 'clusters.dist.kio.kasten.io'

  it('makes no primary beside the definitions of another program, and does not touch them', async () => {
    const spec = {
      group: 'dist.kio.kasten.io',
      scope: 'Namespaced',
      names: { kind: 'Cluster', plural: 'clusters', singular: 'cluster' },
      versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    }
    const foreign = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', spec }
    await kubectl(pair.secondary, ['create', '-f', '-'], JSON.stringify({ ...foreign, metadata: { name: definition } }))
    const refused = await init()
    assertFailed(refused, /clusters\.dist\.kio\.kasten\.io belongs to another program/)
    assert.match(await onCluster(...nextCommand(refused).split(' ').slice(1)), /clusters\.dist\.kio\.kasten\.io/)
    assert.equal(await onCluster('get', 'namespace', 'cli-second-mc', '--ignore-not-found'), '')
    await onCluster('delete', 'crd', definition)
  })

  it('makes a primary once, and says how to install the operator', async () => {
    const shown = await init('--dry-run=server')
    assertDone(
      shown,
      /^namespace\/cli-second-mc created \(server dry run\)\n.*^bootstrap\.\S+ created \(dry run\)\n$/ms,
    )
    assert.equal(await onCluster('get', 'crd', definition, '--ignore-not-found'), '')
    const made = await init()
    assertDone(
      made,
      /^namespace\/cli-second-mc created\n.*\nbootstrap\.dist\.kio\.kasten\.io\/bootstrap-primary created\n$/s,
    )
    assert.match(made.stderr, /helm install conjoin /)
    const [again, other] = await Promise.all([init(), init('--name', 'third')])
    const words = again.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' ')[1])
    assert.deepEqual(words, ['unchanged', 'unchanged', 'unchanged', 'unchanged'])
    assertFailed(other, /names another primary: second at https:\/\/second\.example\.com\. Nothing was changed/)
  })

  it('takes all of it off again, and this secondary out of its primary', async () => {
    const purge = async (...args: readonly string[]): Promise<CliResult> =>
      run(['purge', ...place, '--secondary-namespace', scene.namespace, ...args])
    await scene.untilStatus('Joined') // which was approved above
    const [refused, listed] = await Promise.all([purge(), purge('--dry-run')])
    assert.equal(refused.exitCode, 2)
    assertDone(listed, /^bootstrap\.\S+ deleted \(dry run\)\n.*^secret\/mc-join deleted \(dry run\)\n/ms)
    assert.notEqual(await scene.clusterInfo(), undefined)
    const purged = await purge('--yes')
    assert.equal(purged.exitCode, 0, purged.stderr)
    assert.match(purged.stderr, /^Left: east left primary-cluster-1; /)
    const secrets = await Promise.all(
      ['mc-join', 'mc-join-status', 'mc-cluster-info', 'mc-identity'].map(async (name) =>
        scene.readOnSecondary<Secret>('secret', name),
      ),
    )
    assert.deepEqual(secrets, [undefined, undefined, undefined, undefined])
    assert.match(await onCluster('get', 'namespace', 'cli-second-mc', '-o', 'jsonpath={.status.phase}'), /Terminating/)
  })
})
