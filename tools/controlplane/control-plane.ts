/**
 * A real control plane as local processes: etcd and kube-apiserver, and kube-controller-manager where asked. Owns their
 * order of start and what a caller can do with them; must not outlive the process that started it.
 */
import { access, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ensurePrograms } from '../programs/binaries.ts'
import type { Report } from '../programs/report.ts'
import { type ClusterAccess, createAccess } from './access.ts'
import { startApiServer } from './api-server.ts'
import { auditPolicy } from './audit-log.ts'
import { createCredentials } from './credentials.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { controllerManagerCommand, etcdCommand, type Layout, layoutOf } from './servers.ts'
import { Supervision } from './supervision.ts'

export interface ControlPlaneOptions {
  /** Name of the context in the kubeconfig files; lower case, as it becomes part of file names. */
  readonly name: string
  /** Where progress goes; standard error when absent. */
  readonly report?: Report
  /** Also runs the controllers of namespaces, owner references and service accounts. */
  readonly controllerManager?: boolean
  /** Data, credentials and logs; must be empty or absent. A new directory under the system's own when not given. */
  readonly dir?: string
  /** Leaves `dir` behind at the end. */
  readonly keep?: boolean
  /** Added to the command line of kube-apiserver. */
  readonly apiServerFlags?: readonly string[]
}

export interface ControlPlane extends ClusterAccess {
  /** Kills the API server; resolves when it is gone. */
  stopApiServer(): Promise<void>
  /** Starts the API server again, on the same port and data; resolves when it is ready. */
  startApiServer(): Promise<void>
  /**
   * Kills the API server and etcd, runs `work` on the folder that holds all data, and starts both again, on the same port;
   * resolves when the API server is ready.
   */
  atRest(work: (dataFolder: string) => Promise<void>): Promise<void>
  /** Ends everything and removes `dir`, unless it is to be kept. Calling it again does nothing. */
  stop(): Promise<void>
}

/**
 * Boots a control plane and resolves when it is ready, after about three seconds. The first one on a machine may have
 * to be built, which takes minutes. It ends with this process, however that ends. Throws with the last lines of a
 * server's log when it does not start; the directory stays then.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const report = options.report ?? ((line) => process.stderr.write(`${line}\n`))
  const binaries = await ensurePrograms(['etcd', 'kube-apiserver', 'kubectl'], report)
  const controllerManager = options.controllerManager
    ? (await ensurePrograms(['kube-controller-manager'], report))['kube-controller-manager']
    : undefined
  const layout = layoutOf(await emptyDirectory(options))
  const supervision = new Supervision(layout.directory, options.keep ?? false, report)
  const started = performance.now()
  try {
    const controlPlane = await boot({ options, binaries: { ...binaries, controllerManager }, layout, supervision })
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    report(`control plane ${options.name} is ready after ${seconds} s: ${controlPlane.url}`)
    return controlPlane
  } catch (error) {
    await supervision.stop(true)
    throw error
  }
}

interface BootDeps {
  readonly options: ControlPlaneOptions
  readonly binaries: {
    readonly etcd: string
    readonly 'kube-apiserver': string
    readonly kubectl: string
    readonly controllerManager: string | undefined
  }
  readonly layout: Layout
  readonly supervision: Supervision
}

async function boot({ options, binaries, layout, supervision }: BootDeps): Promise<ControlPlane> {
  const { name } = options
  const credentials = await createCredentials(layout.directory)
  await writeFile(layout.auditPolicy, auditPolicy())

  const etcd = etcdCommand(binaries.etcd, layout)
  const startEtcd = async () => {
    // One that was killed has left its socket behind, which would look ready.
    await rm(layout.etcdSocket, { force: true })
    await supervision.start(etcd)
    await supervision.untilReady(etcd.name, async () => access(layout.etcdSocket).then(() => true))
  }
  await startEtcd()
  const apiServer = await startApiServer({
    supervision,
    binary: binaries['kube-apiserver'],
    layout,
    credentials,
    extraFlags: options.apiServerFlags ?? [],
  })
  const { admin, url, certificateAuthority } = apiServer
  const cluster = { name, url, certificateAuthority }
  await writeKubeconfig(layout.adminKubeconfig, { ...cluster, user: 'admin', token: credentials.adminToken })
  const kubeSystem = await supervision.untilReady('kube-apiserver', async () =>
    admin.get('/api/v1/namespaces/kube-system'),
  )

  if (binaries.controllerManager !== undefined) {
    const kubeconfig = join(layout.directory, 'controller-manager.kubeconfig')
    await writeKubeconfig(kubeconfig, {
      ...cluster,
      user: 'system:kube-controller-manager',
      token: credentials.controllerManagerToken,
    })
    const command = controllerManagerCommand(binaries.controllerManager, kubeconfig, layout, credentials)
    await supervision.start(command)
    // The first thing its controllers do that can be seen from outside.
    await supervision.untilReady(command.name, async () =>
      admin.get('/api/v1/namespaces/default/serviceaccounts/default'),
    )
  }

  const address = { name, dir: layout.directory, url, kubeSystemUid: kubeSystem.metadata.uid }
  return {
    ...createAccess(address, { kubectl: binaries.kubectl, admin, certificateAuthority }),
    stopApiServer: async () => apiServer.kill(),
    startApiServer: async () => apiServer.start(),
    async atRest(work) {
      await apiServer.kill()
      await supervision.kill(etcd.name)
      await work(layout.etcdData)
      await startEtcd()
      await apiServer.start()
    },
    stop: async () => supervision.stop(options.keep ?? false),
  }
}

/** The directory will be removed with all that is in it, so one with somebody's files in it is refused. */
async function emptyDirectory({ name, dir }: ControlPlaneOptions): Promise<string> {
  if (dir === undefined) return mkdtemp(join(tmpdir(), `conjoin-${name}-`))
  await mkdir(dir, { recursive: true, mode: 0o700 })
  if ((await readdir(dir)).length > 0)
    throw new Error(`${dir} is not empty: a control plane needs a directory of its own`)
  return resolve(dir)
}
