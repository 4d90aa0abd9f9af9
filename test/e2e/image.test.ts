/** The image does its work with the files that it is made of, as its user, on a file system that nobody can write. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { build as bundle } from 'esbuild'
import packageJson from '../../package.json' with { type: 'json' }
import { nodeEnvironment, nodeFlags } from '../../tools/bundle/node-flags.ts'
import { ensurePrograms } from '../../tools/programs/binaries.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { readDockerfile, type Stage } from './dockerfile.fixture.ts'
import { buildFrom, chmodTree, Image, type ImageProcess, layOut, root, untilReady } from './image.fixture.ts'

const read = (path: string) => readFileSync(join(root, path), 'utf8')

describe('the image', () => {
  const directory = mkdtempSync(join(tmpdir(), 'conjoin-image-'))
  const tree = join(directory, 'tree')
  const builds = [join(directory, 'one'), join(directory, 'two/deeper')] as const
  const [build, final] = readDockerfile(read('Dockerfile')) as [Stage, Stage]
  let image: Image

  before(() => {
    // Its user must find the way to it.
    chmodSync(directory, 0o755)
    for (const place of builds) mkdirSync(place, { recursive: true })
    buildFrom(root, build, builds[0])
    // Of the first one's sources: the ones here may be edited meanwhile.
    buildFrom(builds[0], build, builds[1])
    layOut(final, builds[0], tree)
    image = new Image(final, directory)
  })

  after(() => {
    chmodTree(directory, 'u+w')
    rmSync(directory, { recursive: true })
  })

  it('is built of the same bytes, wherever the sources lie', () => {
    const [one, two] = builds.map((place) => join(place, 'dist'))
    const files = readdirSync(one ?? '')
    assert.deepEqual(files, readdirSync(two ?? ''))
    for (const file of files)
      assert.ok(readFileSync(join(one ?? '', file)).equals(readFileSync(join(two ?? '', file))), `${file} differs`)
  })

  it('holds the bundle, its source map, the licences, and no source and no package', () => {
    const files = globSync('**/*', { cwd: tree, withFileTypes: true })
    assert.deepEqual(
      files
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(tree.length))
        .toSorted(),
      ['/app/LICENSE', '/app/conjoin.mjs', '/app/conjoin.mjs.LEGAL.txt', '/app/conjoin.mjs.map', '/nodejs/bin/node'],
    )
  })

  it('carries the text of the licence of every package that is in the bundle', async () => {
    const legal = readFileSync(join(tree, 'app/conjoin.mjs.LEGAL.txt'), 'utf8')
    const entryPoints = [join(root, 'src/main.ts')]
    const shape = { bundle: true, platform: 'node', format: 'esm', write: false, outdir: 'unwritten' } as const
    const { metafile } = await bundle({
      entryPoints,
      absWorkingDir: root,
      ...shape,
      metafile: true,
      logLevel: 'silent',
    })
    const packages = Object.keys(metafile.inputs).flatMap(
      (path) => /^(?:\S*\/)?node_modules\/(?:@[^/]+\/)?[^/\s]+/.exec(path) ?? [],
    )
    const bundled = new Set(packages)
    assert.ok(bundled.has('node_modules/fastify'), 'the packages are found')
    for (const path of bundled) {
      const [file] = globSync('{licen[cs]e,LICEN[CS]E,License,UNLICENSE}{,.md,.txt}', { cwd: join(root, path) })
      const text = file === undefined ? '' : read(join(path, file)).trim()
      assert.ok(legal.includes(text), `the licence of ${path} is missing`)
      assert.ok(file !== undefined || path === 'node_modules/abstract-logging', `${path} has no licence of its own`)
    }
  })

  it('is asked for nothing that the build does not get to see', () => {
    const [first, ...exceptions] = read('.dockerignore')
      .replaceAll(/^#.*\n/gm, '')
      .trim()
      .split('\n')
    assert.equal(first, '*')
    const copied = [build, final].flatMap(({ copies }) =>
      copies.flatMap(({ from, sources }) => (from === undefined ? sources : [])),
    )
    assert.deepEqual(exceptions.map((line) => line.slice(1)).toSorted(), copied.toSorted())
  })

  it('says which version it holds, and is not root in a way that Kubernetes can see', () => {
    assert.match(final.base, /\/nodejs24-\w+:nonroot$/)
    assert.match(final.user, /^[1-9]\d*:[1-9]\d*$/)
    assert.ok(final.settings.includes(`VERSION=${packageJson.version}\n`))
    assert.ok(final.settings.includes('org.opencontainers.image.version="$VERSION"'))
  })

  it('runs the bundle with the flags and the settings that the launchers give it', () => {
    const [, ...args] = final.entrypoint
    assert.deepEqual(args, [...nodeFlags, '/app/conjoin.mjs'])
    for (const [name, value] of Object.entries(nodeEnvironment))
      assert.ok(final.settings.includes(`${name}=${value}`), name)
  })

  it('answers version and help', async () => {
    const [version, help] = [await run(['--version']), await run(['help'])]
    assert.deepEqual([version.code, help.code], [0, 0])
    assert.ok(version.text.includes(packageJson.version), version.text)
    assert.match(help.text, /conjoin secondary/)
  })

  it('has a bundle that is a plugin of kubectl, too', async () => {
    const { kubectl } = await ensurePrograms(['kubectl'], (line) => process.stderr.write(`${line}\n`))
    const env = { PATH: `${join(builds[0], 'dist')}:${process.env['PATH']}` }
    const { status, stdout, stderr } = spawnSync(kubectl, ['conjoin', 'version', '--client'], {
      cwd: '/',
      env,
      encoding: 'utf8',
    })
    assert.equal(status, 0, stderr)
    assert.ok(stdout.includes(packageJson.version), stdout)
  })

  it('names lines of our sources where something fails, and leaves out those of packages, which fill the memory', async () => {
    const { code, text } = await run(['secondary', '--kubeconfig=/nowhere', '--admin-listen=127.0.0.1:0'])
    assert.equal(code, 1)
    const line = Number(/at openClient \(\S*\/src\/role\.ts:(\d+):/.exec(text)?.[1])
    assert.match(read('src/role.ts').split('\n')[line - 1] ?? '', /await connect\(/)
    assert.match(text, /loadFromFile \(\S*\/conjoin\.mjs:/)
  })

  describe('on real control planes', () => {
    let pair: Pair
    let scene: Scene
    const roles: ImageProcess[] = []

    before(async () => {
      pair = await startPair()
      scene = await pair.scene('image')
    })

    after(async () => {
      for (const { child } of roles) child.kill('SIGKILL')
      await pair.stop()
    })

    it('is ready as a primary and as a secondary', async () => {
      const [primary = '', secondary = ''] = scene.kubeconfigs.map((file) => image.mount(file))
      const common = ['--admin-listen=127.0.0.1:0', '--log-level=debug']
      const { namespace, home } = scene.place
      const places = [`--namespace=${namespace}`, `--identity-namespace=${home}`, `--listen=${scene.endpoint}`]
      roles.push(image.start(['primary', `--kubeconfig=${primary}`, ...places, ...common]))
      roles.push(image.start(['secondary', `--kubeconfig=${secondary}`, `--namespace=${scene.namespace}`, ...common]))
      await Promise.all(roles.map(untilReady))
    })

    it('joins one cluster to the other', async () => {
      await scene.bootstrap()
      await scene.mcJoin({ ...(await scene.token()), clusterName: 'member' })
      await scene.untilStatus('Joined')
      await scene.untilReady('member')
    })

    it('ends well when Kubernetes sends SIGTERM, and has told no secret', async () => {
      for (const { child } of roles) child.kill('SIGTERM')
      assert.deepEqual(await Promise.all(roles.map(({ ended }) => ended)), [0, 0])
      await scene.end(roles.map(({ output }, index) => ({ where: `the output of process ${index}`, text: output() })))
    })
  })

  async function run(args: readonly string[]): Promise<{ code: number; text: string }> {
    const { ended, output } = image.start(args)
    const code = await ended
    return { code, text: output() }
  }
})
