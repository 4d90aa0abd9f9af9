/**
 * The command lines of the three servers: which flags, and why each is there. Must not start anything.
 */
import { join } from 'node:path'
import type { Credentials } from './credentials.ts'
import type { ServerCommand } from './supervisor.ts'

/** Files of one control plane that more than one server or the test bed itself uses. */
export interface Layout {
  readonly directory: string
  /** etcd has no users: a socket in a private directory instead of a port keeps others out and cannot clash. */
  readonly etcdSocket: string
  readonly etcdData: string
  /** The API server's own certificate and the authority that signed it, made by the API server when it first starts. */
  readonly certificateDirectory: string
  readonly certificates: string
  readonly auditPolicy: string
  readonly auditLog: string
  readonly adminKubeconfig: string
}

// Relative to the servers' working directory: the whole path of a socket must not exceed 107 bytes.
const etcdSocket = 'etcd.sock'
const etcdEndpoint = `unix://${etcdSocket}`

export function layoutOf(directory: string): Layout {
  const certificateDirectory = join(directory, 'certificates')
  return {
    directory,
    etcdSocket: join(directory, etcdSocket),
    etcdData: join(directory, 'etcd'),
    certificateDirectory,
    certificates: join(certificateDirectory, 'apiserver.crt'),
    auditPolicy: join(directory, 'audit-policy.yaml'),
    auditLog: join(directory, 'audit.jsonl'),
    adminKubeconfig: join(directory, 'kubeconfig'),
  }
}

export function etcdCommand(command: string, layout: Layout): ServerCommand {
  // A single member talks to no peer and nobody asks it for its address, but etcd insists on both.
  const unused = 'http://127.0.0.1:0'
  return {
    name: 'etcd',
    command,
    args: [
      `--data-dir=${layout.etcdData}`,
      `--listen-client-urls=${etcdEndpoint}`,
      `--advertise-client-urls=${unused}`,
      `--listen-peer-urls=${unused}`,
      `--initial-advertise-peer-urls=${unused}`,
      `--initial-cluster=default=${unused}`,
      // The data need not outlive the machine.
      '--unsafe-no-fsync',
      // Milliseconds. With the defaults, a member that is alone takes half a second to elect itself; it works at each heartbeat
      // that is due, also where it has nobody to send one to.
      '--heartbeat-interval=50',
      '--election-timeout=250',
      '--log-level=warn',
    ],
  }
}

export function apiServerCommand(
  command: string,
  layout: Layout,
  credentials: Credentials,
  port: number,
  extraFlags: readonly string[],
): ServerCommand {
  return {
    name: 'kube-apiserver',
    command,
    args: [
      `--etcd-servers=${etcdEndpoint}`,
      '--bind-address=127.0.0.1',
      // Becomes the address in the serving certificate.
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${layout.certificateDirectory}`,
      `--token-auth-file=${credentials.tokenFile}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${credentials.serviceAccountPublicKey}`,
      `--service-account-signing-key-file=${credentials.serviceAccountPrivateKey}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      '--authorization-mode=RBAC',
      // It would refuse a loopback address as an endpoint of the service `kubernetes`.
      '--endpoint-reconciler-type=none',
      `--audit-policy-file=${layout.auditPolicy}`,
      `--audit-log-path=${layout.auditLog}`,
      // A record is written before the answer is complete, in the order of completion.
      '--audit-log-mode=blocking',
      // Megabytes. Rotation would move the records away from under a mark.
      '--audit-log-maxsize=100000',
      ...extraFlags,
    ],
  }
}

export function controllerManagerCommand(
  command: string,
  kubeconfig: string,
  layout: Layout,
  credentials: Credentials,
): ServerCommand {
  return {
    name: 'kube-controller-manager',
    command,
    args: [
      `--kubeconfig=${kubeconfig}`,
      '--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,serviceaccount-token-controller',
      `--service-account-private-key-file=${credentials.serviceAccountPrivateKey}`,
      `--root-ca-file=${layout.certificates}`,
      '--leader-elect=false',
      // Nothing asks it for health or metrics.
      '--secure-port=0',
    ],
  }
}
