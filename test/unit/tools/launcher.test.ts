/** The launchers find their bundle and a Node that can run it, from wherever and however they are called. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { nodeEnvironment, nodeFlags } from '../../../tools/bundle/node-flags.ts'

const script = join(import.meta.dirname, '../../../tools/bundle/launcher.sh')
/** Says what a bundle can see of how it was started. */
const bundle =
  'console.log(JSON.stringify({ pid: process.pid, file: import.meta.filename, flags: process.execArgv, env: process.env, args: process.argv.slice(2) }))'

describe('the launcher', () => {
  const root = mkdtempSync(join(tmpdir(), 'conjoin launcher-'))
  const launcher = join(root, 'dist/conjoin')
  mkdirSync(dirname(launcher))
  copyFileSync(script, launcher)
  chmodSync(launcher, 0o755)
  writeFileSync(join(root, 'dist/conjoin.mjs'), bundle)
  const current = nodeIn('current', `exec '${process.execPath}' "$@"`)
  /** What the script calls, and no Node of this machine's. */
  const system = join(root, 'system')
  mkdirSync(system)
  for (const tool of ['dirname', 'readlink'])
    symlinkSync(execFileSync('/bin/sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(), join(system, tool))
  const old = nodeIn('old', 'echo v20.19.0')

  after(() => rmSync(root, { recursive: true }))

  it('becomes the bundle beside it, with its arguments as they are and with the settings of the bundle', () => {
    const { pid, stdout } = launch(launcher, ['status', 'a b', '--context=$HOME'], { path: current })
    const { env, ...started } = JSON.parse(stdout) as { env: Record<string, string> }
    assert.deepEqual({ ...env, ...nodeEnvironment }, env)
    assert.deepEqual(started, {
      pid,
      file: join(root, 'dist/conjoin.mjs'),
      flags: nodeFlags,
      args: ['status', 'a b', '--context=$HOME'],
    })
  })

  it('is found through PATH and through links to links, from any directory', () => {
    mkdirSync(join(root, 'bin'))
    symlinkSync(launcher, join(root, 'bin/absolute'))
    symlinkSync('absolute', join(root, 'bin/kubectl-conjoin'))
    const { stdout } = launch('kubectl-conjoin', [], { path: `${join(root, 'bin')}:${current}`, cwd: '/' })
    assert.equal((JSON.parse(stdout) as { file: string }).file, join(root, 'dist/conjoin.mjs'))
  })

  it('takes a relative path from a directory that CDPATH names too', () => {
    const { stdout } = launch('dist/conjoin', [], { path: current, cwd: root, env: { CDPATH: root } })
    assert.equal((JSON.parse(stdout) as { file: string }).file, join(root, 'dist/conjoin.mjs'))
  })

  it('says which Node it needs where the one on PATH is too old', () => {
    const { status, stdout, stderr } = launch(launcher, ['version'], { path: old })
    assert.deepEqual([status, stdout], [1, ''])
    assert.equal(stderr, 'conjoin needs Node 24 or newer on PATH and found v20.19.0\n')
  })

  it('says so where there is none', () => {
    const { status, stderr } = launch(launcher, ['version'], { path: system })
    assert.equal(status, 1)
    assert.equal(stderr, 'conjoin needs Node 24 or newer on PATH and found none\n')
  })

  it("prefers the project's own Node to the one on PATH", () => {
    mkdirSync(join(root, 'node_modules'))
    symlinkSync(current, join(root, 'node_modules/.bin'))
    assert.equal(launch(launcher, [], { path: old }).status, 0)
  })

  it('gives the exit code of the program', () => {
    writeFileSync(join(root, 'dist/conjoin.mjs'), 'process.exit(7)')
    assert.equal(launch(launcher, [], { path: current }).status, 7)
  })

  /** A directory with a `node` that does this. */
  function nodeIn(name: string, commands: string): string {
    mkdirSync(join(root, name))
    writeFileSync(join(root, name, 'node'), `#!/bin/sh\n${commands}\n`, { mode: 0o755 })
    return join(root, name)
  }

  function launch(command: string, args: readonly string[], options: { path: string; cwd?: string; env?: object }) {
    const { path, cwd, env } = options
    return spawnSync(command, args, { cwd, env: { ...env, PATH: `${path}:${system}` }, encoding: 'utf8' })
  }
})
