/** Where the programs of a control plane come from: the order of search, and one build for all who wait. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { processesNaming, programs, runScript, until } from './control-plane.fixture.ts'

/** A script that asks for programs and prints where they are. */
const find = (...names: string[]) => `
  import { ensurePrograms } from '${programs}/binaries.ts'
  const found = await ensurePrograms(${JSON.stringify(names)}, console.log)
  console.log(JSON.stringify(found))`

describe('the programs of a control plane', () => {
  let directory: string
  let cache: string
  let environment: NodeJS.ProcessEnv

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'conjoin-test-'))
    cache = join(directory, 'conjoin/k8s/v1.36.3')
    const { KUBEBUILDER_ASSETS: _, ...others } = process.env
    environment = { ...others, XDG_CACHE_HOME: directory }
  })

  after(async () => {
    // The compiler of a killed builder ends a little later, and writes here until then.
    await until(async () => (await processesNaming(directory)).length === 0)
    await rm(directory, { recursive: true })
  })

  /** Stands in for Go: notes the call, and ends once the test lets it. Only the guard around it is under test. */
  async function fakeGo(): Promise<{ path: string; calls: () => Promise<number>; letGo: () => Promise<void> }> {
    const path = await mkdtemp(join(directory, 'go-'))
    const script = `#!/bin/sh
      echo call >> '${path}/calls'
      while [ -d '${path}' ] && [ ! -e '${path}/finish' ]; do sleep 0.02; done
      while [ "$1" != -o ]; do shift; done
      cp "$0" "$2"`
    await writeFile(join(path, 'go'), script)
    await chmod(join(path, 'go'), 0o755)
    return {
      path: `${path}:/usr/bin:/bin`,
      calls: async () => (await readFile(join(path, 'calls'), 'utf8').catch(() => '')).split('\n').length - 1,
      letGo: async () => writeFile(join(path, 'finish'), ''),
    }
  }

  it('are named with all ways to get them when there is neither a cache nor Go', async () => {
    const { child, text } = runScript(find('etcd'), { ...environment, PATH: directory })
    await once(child, 'close')
    assert.equal(child.exitCode, 1)
    assert.match(text(), /etcd v3\.6\.8 was not found and could not be built: Go is not installed/)
    assert.match(text(), /install Go/)
    assert.match(text(), /set KUBEBUILDER_ASSETS/)
    assert.ok(text().includes(`into ${cache}`))
  })

  it('are taken from KUBEBUILDER_ASSETS before the cache', async () => {
    const assets = join(directory, 'assets')
    for (const place of [assets, cache]) {
      await mkdir(place, { recursive: true })
      await writeFile(join(place, 'kubectl'), '#!/bin/sh\n', { mode: 0o755 })
    }
    const { child, text } = runScript(find('kubectl'), { ...environment, KUBEBUILDER_ASSETS: assets })
    await once(child, 'close')
    assert.deepEqual(JSON.parse(text()), { kubectl: join(assets, 'kubectl') })
  })

  it('are built once when two processes need them at once', async () => {
    const go = await fakeGo()
    const first = runScript(find('etcd'), { ...environment, PATH: go.path })
    const firstEnd = once(first.child, 'close')
    await until(async () => (await go.calls()) === 1)
    const second = runScript(find('etcd'), { ...environment, PATH: go.path })
    const secondEnd = once(second.child, 'close')
    await until(() => second.text().includes(`waiting for process ${first.child.pid}, which is building into ${cache}`))
    await go.letGo()
    await Promise.all([firstEnd, secondEnd])
    assert.deepEqual([first.child.exitCode, second.child.exitCode], [0, 0])
    assert.ok(second.text().endsWith(`${JSON.stringify({ etcd: join(cache, 'etcd') })}\n`), second.text())
    assert.equal(await go.calls(), 1)
  })

  it('are built by the one who waited when the first builder is killed', async () => {
    const go = await fakeGo()
    const first = runScript(find('kube-apiserver'), { ...environment, PATH: go.path })
    const firstEnd = once(first.child, 'exit')
    await until(async () => (await go.calls()) === 1)
    const second = runScript(find('kube-apiserver'), { ...environment, PATH: go.path })
    const secondEnd = once(second.child, 'close')
    await until(() => second.text().includes('waiting for process'))
    first.child.kill('SIGKILL')
    await firstEnd
    await until(async () => (await go.calls()) === 2)
    await go.letGo()
    await secondEnd
    assert.ok(second.text().endsWith(`${JSON.stringify({ 'kube-apiserver': join(cache, 'kube-apiserver') })}\n`))
  })
})
