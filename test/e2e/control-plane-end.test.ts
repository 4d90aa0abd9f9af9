/** A control plane leaves nothing behind, however it ends. */
import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { processesNaming, runScript, sources, until } from './control-plane.fixture.ts'

describe('the end of a control plane', () => {
  it('leaves no process and no directory after stop', async () => {
    const controlPlane = await startControlPlane({ name: 'brief' })
    assert.equal((await processesNaming(controlPlane.dir)).length, 3, 'etcd, kube-apiserver and their supervisor')
    await controlPlane.stop()
    assert.deepEqual(await processesNaming(controlPlane.dir), [])
    assert.ok(!existsSync(controlPlane.dir))
    await controlPlane.stop()
  })

  const ends = [
    {
      what: 'is killed',
      finish: (child: ChildProcess) => child.kill('SIGKILL'),
      script: 'setInterval(() => {}, 1000)',
    },
    {
      what: 'is interrupted (Ctrl-C)',
      finish: (child: ChildProcess) => child.kill('SIGINT'),
      script: 'setInterval(() => {}, 1000)',
    },
    { what: 'crashes', finish: () => undefined, script: 'throw new Error("crash")' },
    { what: 'ends without stop', finish: () => undefined, script: '' },
  ]
  for (const { what, finish, script } of ends) {
    it(`leaves no process and no directory when the process that started it ${what}`, async () => {
      const { child, text } = runScript(`
        import { startControlPlane } from '${sources}/control-plane.ts'
        const { dir } = await startControlPlane({ name: 'orphan', report: () => undefined })
        console.log('dir=' + dir + '.')
        ${script}`)
      const exit = once(child, 'exit')
      await until(() => /dir=.*\./.test(text()) || child.exitCode !== null)
      const dir = /dir=(.*)\./.exec(text())?.[1]
      assert.ok(dir, text())
      finish(child)
      await exit
      await until(async () => (await processesNaming(dir)).length === 0 && !existsSync(dir))
    })
  }

  it('comes also when its supervisor is killed', async () => {
    const controlPlane = await startControlPlane({ name: 'headless' })
    const [supervisor] = await processesNaming(`supervisor.ts\0${controlPlane.dir}`)
    assert.ok(supervisor)
    process.kill(supervisor, 'SIGKILL')
    await until(async () => (await processesNaming(controlPlane.dir)).length === 0)
    await assert.rejects(controlPlane.stopApiServer(), { message: 'the supervisor of the control plane has ended' })
    await controlPlane.stop()
    await rm(controlPlane.dir, { recursive: true })
  })

  it('spares a directory that is to be kept, and one with somebody’s files is refused', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'conjoin-test-'))
    const controlPlane = await startControlPlane({ name: 'kept', dir, keep: true })
    await controlPlane.stop()
    assert.deepEqual(await processesNaming(dir), [])
    assert.ok((await readdir(dir)).includes('kubeconfig'))
    await assert.rejects(startControlPlane({ name: 'kept', dir }), {
      message: `${dir} is not empty: a control plane needs a directory of its own`,
    })
    await rm(dir, { recursive: true })
  })

  it('comes at once when a server does not start, and the error shows the log and where it is', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'conjoin-test-'))
    await assert.rejects(
      startControlPlane({ name: 'failed', dir, apiServerFlags: ['--no-such-flag'] }),
      (error: Error) => {
        assert.match(error.message, /^kube-apiserver ended before it was ready \(exit code 1\)\. The last lines of /)
        assert.ok(error.message.includes(join(dir, 'kube-apiserver.log')))
        assert.match(error.message, /unknown flag: --no-such-flag/)
        return true
      },
    )
    assert.deepEqual(await processesNaming(dir), [])
    await rm(dir, { recursive: true })
  })
})
