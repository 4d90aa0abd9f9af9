/**
 * The image without a container engine: builds from exactly what the Dockerfile copies, lays its final stage out in a
 * read-only tree, and runs its entry point there as its user. Knows nothing of what the program does.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, copyFileSync, cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { until } from '../support/until.ts'
import type { Stage } from './dockerfile.fixture.ts'

export const root = join(import.meta.dirname, '../..')

/** Builds in `directory` from nothing but what the build stage copies of `project`, and the packages installed here. */
export function buildFrom(project: string, stage: Stage, directory: string): void {
  for (const { sources, destination } of stage.copies)
    for (const source of sources) {
      const whole = sources.length === 1 && !destination.endsWith('/')
      cpSync(join(project, source), join(directory, destination, whole ? '' : basename(source)), { recursive: true })
    }
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'))
  const { status, stderr } = spawnSync(process.execPath, ['tools/build.ts'], { cwd: directory, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the bundle cannot be built in ${directory}: ${stderr}`)
}

/** Lays the stage out in `tree`, with this process's Node where the base image has its own, and makes it read-only. */
export function layOut(stage: Stage, built: string, tree: string): void {
  for (const { from, sources, destination } of stage.copies) {
    mkdirSync(join(tree, destination), { recursive: true })
    for (const source of sources) {
      const original = from === undefined ? join(root, source) : join(built, source.replace(/^\/build\//, ''))
      copyFileSync(original, join(tree, destination, basename(source)))
    }
  }
  const node = join(tree, stage.entrypoint[0] ?? '')
  mkdirSync(dirname(node), { recursive: true })
  copyFileSync(process.execPath, node)
  chmodTree(tree, 'a-w')
}

export function chmodTree(tree: string, mode: string): void {
  const { status, stderr } = spawnSync('chmod', ['-R', mode, tree], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`chmod ${mode} ${tree}: ${stderr}`)
}

export interface ImageProcess {
  readonly child: ChildProcess
  /** Everything printed so far, on both outputs. */
  readonly output: () => string
  /** Resolves with the exit code, -1 after a signal. */
  readonly ended: Promise<number>
}

export class Image {
  readonly #stage: Stage
  readonly #directory: string

  /** `directory` holds the tree, as `tree`, and what its processes are given beside it. */
  constructor(stage: Stage, directory: string) {
    this.#stage = stage
    this.#directory = directory
    copyFileSync(join(root, 'tools/tether.mjs'), join(directory, 'tether.mjs'))
  }

  /** Runs the entry point with these `args`, from `/`, with an environment that has no HOME. */
  start(args: readonly string[]): ImageProcess {
    const [node = '', ...rest] = this.#stage.entrypoint.map((word) => this.#inTree(word))
    const child = spawn(node, [...rest, ...args], {
      cwd: '/',
      // The tether ends it with this process, whatever happens to that.
      env: { NODE_OPTIONS: `--import=${join(this.#directory, 'tether.mjs')}` },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      ...this.#user(),
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (piece: string) => {
        printed += piece
      })
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => resolve(code ?? -1))
    })
    return { child, output: () => printed, ended }
  }

  /** A file that the user of the image may read, as a mounted Secret is. */
  mount(file: string): string {
    const mounted = join(this.#directory, `${basename(dirname(file))}-${basename(file)}`)
    copyFileSync(file, mounted)
    const { uid, gid } = this.#user()
    if (uid !== undefined && gid !== undefined) chownSync(mounted, uid, gid)
    chmodSync(mounted, 0o400)
    return mounted
  }

  #inTree(word: string): string {
    return word.startsWith('/') ? join(this.#directory, 'tree', word) : word
  }

  /** Only root can become the image's user; anybody else is not root already. */
  #user(): { uid?: number; gid?: number } {
    if (process.getuid?.() !== 0) return {}
    const [uid, gid] = this.#stage.user.split(':').map(Number)
    return { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN }
  }
}

/** Waits until its /readyz answers that it is ready; throws where it ends before. */
export async function untilReady({ child, output }: ImageProcess): Promise<void> {
  const seen = await until('a process of the image is ready', async () => {
    if (child.exitCode !== null) return 'its end'
    const port = /"adminPort":(\d+)/.exec(output())?.[1]
    return port !== undefined && (await fetch(`http://127.0.0.1:${port}/readyz`)).ok && 'ready'
  })
  assert.equal(seen, 'ready', output())
}
