/**
 * Runs the pods of a Deployment as processes of this machine, from what the API server has stored: arguments,
 * environment, mounted Secrets and ConfigMaps, the service account's own token. It stands in for scheduler and kubelet,
 * and leaves out what only a container can show: the image, the file system, the network.
 */
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ConfigMap, KubeObject, Secret } from '../../src/kube/objects.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import { type RoleProcess, startProgram } from '../../tools/role-process.ts'
import { type Kind, read } from './api-objects.ts'
import { kubectl, plain } from './kubectl.ts'
import { until } from './until.ts'

interface Container {
  readonly args: readonly string[]
  readonly env?: readonly {
    readonly name: string
    readonly value?: string
    readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } }
  }[]
  readonly envFrom?: readonly { readonly secretRef: { readonly name: string } }[]
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: string } }
}

interface PodSpec {
  readonly serviceAccountName: string
  readonly containers: readonly [Container]
  readonly volumes?: readonly {
    readonly name: string
    readonly configMap?: { readonly name: string }
    readonly secret?: { readonly secretName: string }
  }[]
}

interface PodObject extends KubeObject {
  readonly spec: PodSpec
}

interface Deployment extends KubeObject {
  readonly spec: { readonly replicas: number; readonly template: { readonly metadata: object; readonly spec: PodSpec } }
}

export interface Pod {
  readonly name: string
  readonly process: RoleProcess
  /** `http://127.0.0.1:<port>` of each named port. */
  readonly ports: Readonly<Record<string, string>>
}

export interface Pods {
  readonly pods: readonly Pod[]
  /** What a Service would spread connections over: the named port of each pod. */
  addresses(port: string): readonly string[]
  /** SIGTERM to all; asserts that each ends well. */
  stop(): Promise<void>
}

/** Where the token of a service account is mounted, in every pod that asks for it. */
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Resolves when every pod is ready, and tells the API server so. */
export async function runDeployment(controlPlane: ClusterAccess, namespace: string, name: string): Promise<Pods> {
  const deployment = await read<Deployment>(controlPlane, namespace, 'deployment', name)
  assert.ok(deployment !== undefined, `there is no Deployment ${name} in ${namespace}`)
  const replicas = Array.from({ length: deployment.spec.replicas })
  const pods = await Promise.all(replicas.map(async () => runPod(controlPlane, namespace, deployment)))
  await tellDeployment(controlPlane, deployment, pods.length)
  return {
    pods,
    addresses: (port) => pods.map(({ ports }) => ports[port] ?? ''),
    async stop() {
      for (const { process } of pods) assert.equal(await process.stop(), 0, process.output().slice(-2000))
      await kubectl(controlPlane, ['delete', 'pod', '-n', namespace, '--now', ...pods.map((pod) => pod.name)])
      await tellDeployment(controlPlane, deployment, 0)
    },
  }
}

/**
 * Runs a pod that is there already to its end, and tells the API server how it ended. Gives what it printed.
 */
export async function completePod(controlPlane: ClusterAccess, namespace: string, name: string): Promise<string> {
  const pod = await until(`the pod ${name} is there`, async () => read<PodObject>(controlPlane, namespace, 'pod', name))
  const { process } = await startPod(controlPlane, pod)
  const phase = (await process.ended) === 0 ? 'Succeeded' : 'Failed'
  await patchStatus(controlPlane, namespace, `pod/${name}`, { status: { phase } })
  return process.output()
}

/** Admission has its say: the pod is stored before it runs. */
async function runPod(controlPlane: ClusterAccess, namespace: string, deployment: Deployment): Promise<Pod> {
  const { template } = deployment.spec
  const metadata = { ...template.metadata, namespace, generateName: `${deployment.metadata.name}-` }
  const manifest = { apiVersion: 'v1', kind: 'Pod', metadata, spec: template.spec }
  const created = await kubectl(controlPlane, ['create', '-o', 'json', '-f', '-'], JSON.stringify(manifest))
  const object = JSON.parse(created) as PodObject
  const pod = await startPod(controlPlane, object)
  await untilProbed(pod, object)
  const isReady = { status: { conditions: [{ type: 'Ready', status: 'True' }] } }
  await patchStatus(controlPlane, namespace, `pod/${pod.name}`, isReady)
  return pod
}

async function startPod(controlPlane: ClusterAccess, pod: PodObject): Promise<Pod> {
  const [container] = pod.spec.containers
  const files = await mountVolumes(controlPlane, pod)
  const ports = await Promise.all(
    (container.ports ?? []).map(async ({ name, containerPort }) => ({
      name,
      inside: containerPort,
      outside: await freePort(),
    })),
  )
  const outside = (text: string) => {
    let mapped = text
    for (const [path, directory] of files) mapped = mapped.replace(path, directory)
    for (const port of ports) mapped = mapped.replace(`0.0.0.0:${port.inside}`, `127.0.0.1:${port.outside}`)
    return mapped
  }
  const env = Object.entries(await environment(controlPlane, pod)).map(([key, value]) => [key, outside(value)])
  const args = [...container.args.map(outside), ...(await access(controlPlane, pod))]
  return {
    name: pod.metadata.name,
    process: startProgram(args, Object.fromEntries(env)),
    ports: Object.fromEntries(ports.map(({ name, outside: port }) => [name, `http://127.0.0.1:${port}`])),
  }
}

/** As the kubelet does: its readiness probe, until that is content. */
async function untilProbed({ name, process, ports }: Pod, { spec }: PodObject): Promise<void> {
  const probe = spec.containers[0].readinessProbe?.httpGet
  assert.ok(probe !== undefined, `the pod ${name} has no readiness probe`)
  const ready = until(`the pod ${name} is ready`, async () => (await fetch(`${ports[probe.port]}${probe.path}`)).ok)
  const ended = process.ended.then((code) =>
    assert.fail(`the pod ${name} has ended with ${code}:\n${process.output().slice(-2000)}`),
  )
  await Promise.race([ready, ended])
  // It ends in the end, which is no failure then.
  ended.catch(() => undefined)
}

/** A kubeconfig with the token of the pod's service account, where the pod has one mounted. */
async function access(controlPlane: ClusterAccess, { metadata, spec }: PodObject): Promise<readonly string[]> {
  if (!mountsOf(spec).some(({ mountPath }) => mountPath === tokenPath)) return []
  const { namespace = '' } = metadata
  return [`--kubeconfig=${await controlPlane.serviceAccountKubeconfig(namespace, spec.serviceAccountName)}`]
}

async function environment(controlPlane: ClusterAccess, pod: PodObject): Promise<Record<string, string>> {
  const [{ env = [], envFrom = [] }] = pod.spec.containers
  const found: Record<string, string> = {}
  for (const { secretRef } of envFrom)
    Object.assign(found, plain(await mounted<Secret>(controlPlane, pod, 'secret', secretRef.name)))
  for (const { name, value, valueFrom } of env) {
    if (valueFrom !== undefined) assert.equal(valueFrom.fieldRef.fieldPath, 'metadata.name')
    found[name] = value ?? pod.metadata.name
  }
  return found
}

/** Writes what is mounted into directories of this machine, and gives them by the paths they have in the pod. */
async function mountVolumes(controlPlane: ClusterAccess, pod: PodObject): Promise<ReadonlyMap<string, string>> {
  const directories = new Map<string, string>()
  for (const { name, configMap, secret } of pod.spec.volumes ?? []) {
    const mount = mountsOf(pod.spec).find((candidate) => candidate.name === name)
    if (mount === undefined || mount.mountPath === tokenPath) continue
    const files =
      configMap === undefined
        ? plain(await mounted<Secret>(controlPlane, pod, 'secret', secret?.secretName ?? ''))
        : (await mounted<ConfigMap>(controlPlane, pod, 'configmap', configMap.name)).data
    const parent = join(controlPlane.dir, 'pods')
    await mkdir(parent, { recursive: true })
    const directory = await mkdtemp(join(parent, `${pod.metadata.name}-`))
    for (const [file, text] of Object.entries(files ?? {})) await writeFile(join(directory, file), text)
    directories.set(mount.mountPath, directory)
  }
  return directories
}

async function mounted<T extends KubeObject>(
  controlPlane: ClusterAccess,
  pod: PodObject,
  kind: Kind,
  name: string,
): Promise<T> {
  const object = await read<T>(controlPlane, pod.metadata.namespace ?? '', kind, name)
  assert.ok(object !== undefined, `the pod ${pod.metadata.name} cannot start: there is no ${kind} ${name}`)
  return object
}

function mountsOf({ containers: [container] }: PodSpec) {
  return container.volumeMounts ?? []
}

/** What the Deployment's controller would have written. */
async function tellDeployment(controlPlane: ClusterAccess, deployment: Deployment, ready: number): Promise<void> {
  const { name, namespace = '', generation } = deployment.metadata
  const counts = { replicas: ready, updatedReplicas: ready, readyReplicas: ready, availableReplicas: ready }
  await patchStatus(controlPlane, namespace, `deployment/${name}`, {
    status: { observedGeneration: generation, ...counts },
  })
}

async function patchStatus(
  controlPlane: ClusterAccess,
  namespace: string,
  object: string,
  patch: object,
): Promise<void> {
  const args = ['patch', object, '-n', namespace, '--subresource=status', '--type=merge', '-p', JSON.stringify(patch)]
  await kubectl(controlPlane, args)
}
