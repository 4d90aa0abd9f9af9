/** The README's walk-through, command by command on two fresh control planes: what it shows is what a user sees. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { ensurePrograms } from '../../tools/programs/binaries.ts'
import { writeContexts } from '../support/cli.ts'
import { type Pods, runDeployment } from '../support/pod-runner.ts'
import { type Relay, startRelay } from '../support/relay.ts'
import { masked, type Promised, walkthrough } from '../support/walkthrough.ts'

const root = join(import.meta.dirname, '../..')
/** The address in the README; here it is the one of a relay. */
const shownAddress = 'https://primary.example.com'
const widest = 100

const document = await readFile(join(root, 'README.md'), 'utf8')
const promised = walkthrough(document)

describe('the walk-through of the README', () => {
  const pods: { primary?: Pods; east?: Pods } = {}
  let controlPlanes: readonly ControlPlane[]
  let relay: Relay
  let environment: NodeJS.ProcessEnv

  before(async () => {
    const primary = await startControlPlane({ name: 'primary' })
    const east = await startControlPlane({ name: 'east' })
    controlPlanes = [primary, east]
    relay = await startRelay(() => pods.primary?.addresses('join') ?? [])
    const { helm, kubectl } = await ensurePrograms(['helm', 'kubectl'], console.error)
    const plugins = join(primary.dir, 'plugins')
    await mkdir(plugins)
    const plugin = join(plugins, 'kubectl-conjoin')
    await writeFile(plugin, `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'src/main.ts')}' "$@"\n`)
    await chmod(plugin, 0o755)
    environment = {
      ...process.env,
      HOME: primary.dir,
      PATH: [dirname(helm), dirname(kubectl), plugins, process.env['PATH']].join(':'),
      KUBECONFIG: await writeContexts(join(primary.dir, 'contexts'), controlPlanes),
    }
  })

  after(async () => {
    await Promise.all(Object.values(pods).map((running) => running.stop()))
    await relay.close()
    await Promise.all(controlPlanes.map((controlPlane) => controlPlane.stop()))
  })

  /** What a user sees, both outputs in the order in which they come. */
  async function run(command: string): Promise<string> {
    const real = relay.url.replace('http:', 'https:')
    const options = { cwd: root, env: environment, timeout: 90_000 }
    const output = await new Promise<string>((resolve) => {
      execFile('sh', ['-c', `{ ${command.replaceAll(shownAddress, real)}\n} 2>&1`], options, (_error, stdout) =>
        resolve(stdout),
      )
    })
    return output.replaceAll(real, shownAddress)
  }

  /** The pods of what has just been installed. */
  async function runPods(): Promise<void> {
    const [primary, east] = controlPlanes
    assert.ok(primary !== undefined && east !== undefined)
    const { exitCode } = await primary.kubectl(['get', 'deployment', 'conjoin-primary', '-n', 'conjoin-system'])
    if (exitCode === 0) pods.primary ??= await runDeployment(primary, 'conjoin-system', 'conjoin-primary')
    const other = await east.kubectl(['get', 'deployment', 'conjoin-secondary', '-n', 'kasten-io'])
    if (other.exitCode === 0) pods.east ??= await runDeployment(east, 'kasten-io', 'conjoin-secondary')
  }

  async function keep({ command, output }: Promised): Promise<void> {
    const seen = await run(command)
    if (command.startsWith('helm install')) await runPods()
    assert.equal(masked(seen), masked(output), `$ ${command}\n${seen}`)
    const long = seen.split('\n').filter((line) => line.length > widest)
    assert.deepEqual(long, [], 'no line is wider than a terminal')
  }

  it('has the commands of a first join', () => {
    const words = promised.map(({ command }) => command.split(' ').slice(0, 4).join(' ')).join('\n')
    for (const word of ['helm install', 'init', 'token create', 'join', 'status', 'clusters', 'disconnect'])
      assert.ok(words.includes(word), word)
  })

  for (const [index, promise] of promised.entries()) it(`${index + 1}. ${promise.command}`, async () => keep(promise))
})
