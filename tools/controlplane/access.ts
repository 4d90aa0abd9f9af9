/** What anybody can do with a control plane that runs: ask it as its users do, and read its record. Its life is another's. */
import { join } from 'node:path'
import type { AdminClient } from './admin-client.ts'
import { AuditLog } from './audit-log.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { type Finished, run } from './run.ts'
import { layoutOf } from './servers.ts'
import { createServiceAccountToken } from './service-account.ts'

export interface ClusterAccess {
  readonly name: string
  /** Everything of this instance: data, credentials, logs. */
  readonly dir: string
  /** `https://127.0.0.1:<port>` */
  readonly url: string
  /** Path of the kubeconfig of a cluster administrator; its context is named like the control plane. */
  readonly kubeconfig: string
  /** What Kubernetes identifies a cluster by. */
  readonly kubeSystemUid: string
  readonly auditLog: AuditLog
  /** Runs the real kubectl, as administrator or with another kubeconfig. Never throws on a non-zero exit. */
  kubectl(args: readonly string[], options?: { input?: string; kubeconfig?: string }): Promise<Finished>
  /** The JSON at this path of the API, as administrator; undefined where there is none. Throws on every other answer. */
  get(path: string): Promise<string | undefined>
  /** Creates the object in this collection of the API, as administrator; gives whether it was missing. Throws on a refusal. */
  create(collection: string, object: object): Promise<boolean>
  /**
   * Path of a kubeconfig for a service account, with a token of one day by TokenRequest. Creates the namespace and the
   * service account where they are missing; gives no rights.
   */
  serviceAccountKubeconfig(namespace: string, name: string): Promise<string>
}

/** Which control plane it is: all that another process needs to know of it. */
export type ClusterAddress = Pick<ClusterAccess, 'name' | 'dir' | 'url' | 'kubeSystemUid'>

export interface AccessDeps {
  /** Path of the program. */
  readonly kubectl: string
  readonly admin: AdminClient
  /** PEM certificates that the server's certificate is verified with. */
  readonly certificateAuthority: string
}

export function createAccess({ name, dir, url, kubeSystemUid }: ClusterAddress, deps: AccessDeps): ClusterAccess {
  const layout = layoutOf(dir)
  return {
    name,
    dir,
    url,
    kubeconfig: layout.adminKubeconfig,
    kubeSystemUid,
    auditLog: new AuditLog(layout.auditLog),
    async kubectl(args, { input = '', kubeconfig = layout.adminKubeconfig } = {}) {
      // By environment and not by flags: a kubectl plugin takes no flags before its name.
      const env = { ...process.env, KUBECONFIG: kubeconfig, KUBECACHEDIR: join(dir, 'kubectl-cache') }
      return run(deps.kubectl, args, { input, env })
    },
    async get(path) {
      const { status, body } = await deps.admin.send('GET', path)
      if (status === 404) return undefined
      if (status !== 200) throw new Error(`GET ${path} on ${name} was answered with ${status}: ${body}`)
      return body
    },
    create: async (collection, object) => (await deps.admin.create(collection, object)) !== undefined,
    async serviceAccountKubeconfig(namespace, account) {
      const token = await createServiceAccountToken(deps.admin, namespace, account)
      const path = join(dir, `${namespace}.${account}.kubeconfig`)
      const cluster = { name, url, certificateAuthority: deps.certificateAuthority }
      await writeKubeconfig(path, { ...cluster, user: `${namespace}/${account}`, token, namespace })
      return path
    },
  }
}
