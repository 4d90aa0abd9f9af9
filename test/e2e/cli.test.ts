/** `kubectl conjoin` as its users run it, against real control planes with real operators. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type CliResult, conjoin, writeContexts } from '../support/cli.ts'
import { type Pair, type Scene, startPair } from '../support/scene.ts'

describe('kubectl conjoin', () => {
  let pair: Pair
  let scene: Scene
  let kubeconfig: string

  before(async () => {
    pair = await startPair()
    kubeconfig = await writeContexts(join(pair.primary.dir, 'contexts.yaml'), [pair.primary, pair.secondary])
    scene = await pair.scene('cli')
    await scene.startPrimary()
    await scene.startSecondary()
    await scene.bootstrap()
    await scene.untilReady('primary-cluster-1')
  })

  after(async () => pair.stop())

  const onPrimary = async (...args: readonly string[]): Promise<CliResult> =>
    conjoin([...args, '--context', 'primary', '-n', scene.place.namespace], { KUBECONFIG: kubeconfig })

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
})
