/** `kubectl conjoin` as its users run it, against real control planes with real operators. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type CliResult, conjoin, writeContexts } from '../support/cli.ts'
import { type Pair, type Scene, startPair } from '../support/scene.ts'

describe('kubectl conjoin', () => {
  let pair: Pair
  let scene: Scene
  let kubeconfig: string

  before(async () => {
    pair = await startPair()
    kubeconfig = await writeContexts(path.join(pair.primary.dir, 'contexts.yaml'), [pair.primary, pair.secondary])
    scene = await pair.scene('cli')
    await scene.startPrimary()
    await scene.startSecondary()
    await scene.bootstrap()
    await scene.untilReady('primary-cluster-1')
  })

  after(async () => pair.stop())

  const onPrimary = async (...args: readonly string[]): Promise<CliResult> =>
    conjoin([...args, '--context', 'primary', '-n', scene.place.namespace], { KUBECONFIG: kubeconfig })

  const onSecondary = async (...args: readonly string[]): Promise<CliResult> =>
    conjoin([...args, '--context', 'secondary', '-n', scene.namespace], { KUBECONFIG: kubeconfig })

  const join = async (...args: readonly string[]): Promise<CliResult> =>
    onSecondary('join', '--primary-context', 'primary', '--primary-namespace', scene.place.namespace, ...args)

  const tokenNames = async (): Promise<readonly string[]> =>
    (await onPrimary('token', 'list', '-o', 'name')).stdout.split('\n').filter((line) => line !== '')

  function assertDone(result: CliResult, stdout: string | RegExp): void {
    assert.equal(result.exitCode, 0, result.stderr)
    if (typeof stdout === 'string') assert.equal(result.stdout, stdout)
    else assert.match(result.stdout, stdout)
  }

  it('creates a join token for one cluster and a day, and prints it only where it is asked to', async () => {
    const created = await onPrimary('token', 'create', 'for-east', '--cluster-name', 'east')
    assertDone(created, 'secret/for-east created\n')
    assertDone(
      await onPrimary('token', 'list'),
      /^NAME +STATE +USES +EXPIRES +SCOPE +AGE\nfor-east +usable +0\/1 +in 23h/,
    )
    const revealed = await onPrimary('token', 'show', 'for-east', '--reveal')
    assertDone(revealed, /^mcj1\./)
    const token = revealed.stdout.trim()
    const others = [
      created,
      await onPrimary('token', 'list', '-o', 'yaml'),
      await onPrimary('token', 'show', 'for-east'),
      await onPrimary('token', 'revoke', 'for-east'),
    ]
    for (const { stdout, stderr } of others) assert.ok(!`${stdout}${stderr}`.includes(token))
    assertDone(await onPrimary('token', 'list'), '')
  })

  it('says why a join was rejected and what to run next, and revokes the token that it made', async () => {
    const rejected = await join('--name', 'primary-cluster-1')
    assert.equal(rejected.exitCode, 1)
    assert.equal(rejected.stdout, '')
    assert.match(rejected.stderr, /error: the join was rejected: NameTaken: /)
    assert.equal(lastLine(rejected), `kubectl conjoin status -n ${scene.namespace} --context secondary`)
    assert.deepEqual(await tokenNames(), [])
  })

  it('joins a cluster to a primary, and ends with the line of its Cluster', async () => {
    assertDone(
      await join('--name', 'east'),
      /^NAME +TYPE +READY +REASON +VERSION +AGE\neast +secondary +True +Joined +v1/,
    )
    const { clusterName } = (await scene.clusterInfo()) ?? {}
    assert.equal(clusterName, 'east')
  })

  it('changes nothing where the cluster has joined already', async () => {
    const before = [await tokenNames(), await scene.readOnSecondary('secret', 'mc-join')]
    const again = await join('--name', 'east')
    assertDone(again, /\neast +secondary +True/)
    assert.match(again.stderr, /has joined this primary already/)
    assert.deepEqual([await tokenNames(), await scene.readOnSecondary('secret', 'mc-join')], before)
  })

  it('takes a cluster out of its primary from its own side', async () => {
    const left = await onSecondary('leave', '--wait')
    assertDone(left, 'secret/mc-cluster-info annotated\n')
    assert.match(left.stderr, /^Left: east left primary-cluster-1; /)
    assertDone(await onSecondary('leave'), '')
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
    assertDone(await onPrimary('disconnect', 'east', '--wait'), 'cluster.dist.kio.kasten.io/east deleted\n')
    await scene.untilStatus('Rejected', /^Disconnected: /)
    const refused = await onPrimary('disconnect', 'primary-cluster-1')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /primary-cluster-1 is the primary itself/)
    assert.notEqual(await scene.cluster('primary-cluster-1'), undefined)
  })
})

function lastLine({ stderr }: CliResult): string {
  return stderr.trimEnd().split('\n').at(-1)?.trim() ?? ''
}
