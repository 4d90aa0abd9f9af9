/**
 * `npm start`: boots two control planes, starts a primary and a secondary as processes with the rights they ship with,
 * joins the two as a user would with kubectl, and shows what happened. Stays up until Ctrl-C; with --once it ends after
 * the join, with exit code 0 only if the secondary has joined.
 */
import { parseArgs } from 'node:util'
import { type ControlPlane, startControlPlane } from './controlplane/control-plane.ts'
import { installDefinitions, installPrimary, installSecondary, startPrimary, startSecondary } from './installation.ts'
import type { RoleProcess } from './role-process.ts'

const { values } = parseArgs({ options: { once: { type: 'boolean', default: false } } })
const startedAt = performance.now()
const secondaryName = 'east-coast-1'
/** How long the join may take before the demo gives up; it takes well under a second. */
const joinLimit = '60s'

const bootstrap = (url: string) => `apiVersion: dist.kio.kasten.io/v1alpha1
kind: Bootstrap
metadata: {name: bootstrap-primary, namespace: kasten-io-mc}
spec:
  clusters:
    primary-cluster:
      name: primary-cluster-1
      primary: true
      k10: {namespace: kasten-io, releaseName: k10, ingress: {url: "${url}"}}
`

const joinToken = `apiVersion: v1
kind: Secret
metadata: {name: join-token-secret-demo, namespace: kasten-io-mc}
type: dist.kio.kasten.io/join-token
`

const mcJoin = (data: { endpoint: string; token: string }) => `apiVersion: v1
kind: Secret
metadata: {name: mc-join, namespace: kasten-io}
data:
  endpoint: ${data.endpoint}
  token: ${data.token}
  clusterName: ${Buffer.from(secondaryName).toString('base64')}
`

/** Prints a step with the time since the start. */
function step(text: string): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
  console.log(`[${seconds.padStart(6)} s] ${text}`)
}

/** Runs kubectl, shows the command, and stops the demo with its own words where it fails. */
async function kubectl(controlPlane: ControlPlane, args: readonly string[], input?: string): Promise<string> {
  const { stdout, stderr, exitCode } = await controlPlane.kubectl(args, input === undefined ? {} : { input })
  if (exitCode !== 0) throw new Error(`kubectl ${args.join(' ')} on ${controlPlane.name}: ${stderr.trim()}`)
  return stdout.trimEnd()
}

async function show(controlPlane: ControlPlane, args: readonly string[], input?: string): Promise<void> {
  const output = await kubectl(controlPlane, args, input)
  step(`${controlPlane.name.padEnd(9)} $ kubectl ${args.join(' ')}`)
  for (const line of output.split('\n')) console.log(`${' '.repeat(23)}${line}`)
}

async function secretValue(controlPlane: ControlPlane, namespace: string, name: string, key: string): Promise<string> {
  return kubectl(controlPlane, ['get', 'secret', name, '-n', namespace, '-o', `jsonpath={.data.${key}}`])
}

function decoded(base64: string): string {
  return Buffer.from(base64, 'base64').toString()
}

/** Everything that a user does, in the order of the walk-through in the README. */
async function join(primary: ControlPlane, secondary: ControlPlane, roles: RoleProcess[]): Promise<void> {
  await installDefinitions(primary)
  await show(primary, ['create', 'namespace', 'kasten-io-mc'])
  const operator = await startPrimary(await installPrimary(primary))
  roles.push(operator)
  step(`primary   operator is ready, process ${operator.pid}, serving ${operator.endpoint}`)
  const agent = await startSecondary(await installSecondary(secondary))
  roles.push(agent)
  step(`secondary controller is running, process ${agent.pid}`)

  await show(primary, ['create', '-f', '-'], bootstrap(operator.endpoint))
  await show(primary, ['wait', '--for=condition=Ready', 'mcc/primary-cluster-1', '-n', 'kasten-io-mc', '--timeout=30s'])
  await show(primary, ['create', '-f', '-'], joinToken)
  await kubectl(primary, [...untilFilled, '-n', 'kasten-io-mc', '--timeout=30s'])
  const data = {
    endpoint: await secretValue(primary, 'kasten-io-mc', 'join-token-secret-demo', 'endpoint'),
    token: await secretValue(primary, 'kasten-io-mc', 'join-token-secret-demo', 'token'),
  }
  step(`primary   the join token is filled in, for ${decoded(data.endpoint)}`)

  await show(secondary, ['create', '-f', '-'], mcJoin(data))
  const asked = performance.now()
  await untilJoined(secondary)
  step(`secondary has joined, ${Math.round(performance.now() - asked)} ms after mc-join was created`)
}

const untilFilled = ['wait', '--for=jsonpath={.data.token}', 'secret/join-token-secret-demo']

/** Waits for the status that a user would look at; where it does not come, its message says why. */
async function untilJoined(secondary: ControlPlane): Promise<void> {
  const joined = Buffer.from('Joined').toString('base64')
  await kubectl(secondary, [
    'wait',
    '--for=create',
    'secret/mc-join-status',
    '-n',
    'kasten-io',
    `--timeout=${joinLimit}`,
  ])
  const condition = `--for=jsonpath={.data.status}=${joined}`
  const wait = ['wait', condition, 'secret/mc-join-status', '-n', 'kasten-io', `--timeout=${joinLimit}`]
  const { exitCode } = await secondary.kubectl(wait)
  if (exitCode === 0) return
  const message = decoded(await secretValue(secondary, 'kasten-io', 'mc-join-status', 'msg'))
  throw new Error(`the secondary did not join: ${message}`)
}

async function showResult(primary: ControlPlane, secondary: ControlPlane): Promise<void> {
  console.log('\nOn the primary')
  const objects = 'bootstraps.dist.kio.kasten.io,clusters.dist.kio.kasten.io,secrets'
  console.log(await kubectl(primary, ['get', objects, '-n', 'kasten-io-mc']))
  console.log('\nOn the secondary')
  console.log(await kubectl(secondary, ['get', 'secrets', '-n', 'kasten-io']))
  console.log(
    `\nLook around:\n  kubectl --kubeconfig ${primary.kubeconfig} get clusters.dist.kio.kasten.io -n kasten-io-mc` +
      `\n  kubectl --kubeconfig ${secondary.kubeconfig} get secret mc-join-status -n kasten-io -o yaml` +
      `\n  node_modules/.bin/node src/main.ts clusters --kubeconfig ${primary.kubeconfig}`,
  )
}

async function untilStopped(): Promise<void> {
  console.log('\nBoth clusters stay up until Ctrl-C.')
  await new Promise<void>((resolve) => {
    // A signal alone does not keep a process alive.
    const alive = setInterval(() => undefined, 60_000)
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => {
        clearInterval(alive)
        resolve()
      })
  })
  console.log('\nstopping')
}

async function main(): Promise<void> {
  console.log('conjoin: two Kubernetes control planes on this machine, one joins the other\n')
  const controlPlanes: ControlPlane[] = []
  const roles: RoleProcess[] = []
  try {
    for (const name of ['primary', 'secondary']) {
      step(`starting the control plane "${name}": etcd and kube-apiserver`)
      controlPlanes.push(await startControlPlane({ name, report: step }))
    }
    const [primary, secondary] = controlPlanes as [ControlPlane, ControlPlane]
    await join(primary, secondary, roles)
    await showResult(primary, secondary)
    if (!values.once) await untilStopped()
  } finally {
    await Promise.all(roles.map((role) => role.stop()))
    await Promise.all(controlPlanes.map((controlPlane) => controlPlane.stop()))
  }
}

try {
  await main()
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
