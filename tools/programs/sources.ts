/** Which real programs the tests and the demonstration run, and from which Go modules they come. */
/** Programs of one version, from the go.mod of one folder. */
export interface Origin {
  /** The folder beside this file that holds the go.mod. */
  readonly folder: string
  /** The name of its directory in the cache. */
  readonly cache: string
  readonly version: string
  /** A variable that may name a directory which has the programs already. */
  readonly variable?: string
  /** Go package variables that the linker sets. */
  readonly settings: readonly string[]
}

export interface Program {
  readonly origin: Origin
  readonly package: string
  /** Of the program, where it is not the origin's. */
  readonly version: string
  /** Of a build with an empty cache on 2 cores, as measured. */
  readonly duration: string
}

const kubernetes: Origin = {
  folder: 'kubernetes',
  cache: 'k8s',
  version: 'v1.36.3',
  variable: 'KUBEBUILDER_ASSETS',
  // Without these the programs of Kubernetes call themselves v0.0.0.
  settings: [
    'k8s.io/component-base/version.gitVersion=v1.36.3',
    'k8s.io/component-base/version.gitMajor=1',
    'k8s.io/component-base/version.gitMinor=36',
  ],
}

const helm: Origin = {
  folder: 'helm',
  cache: 'helm',
  version: 'v4.3.1',
  settings: ['helm.sh/helm/v4/internal/version.version=v4.3.1'],
}

const prometheus: Origin = {
  folder: 'promtool',
  cache: 'prometheus',
  // As a Go module it is v0.315.0.
  version: 'v3.15.0',
  settings: ['github.com/prometheus/common/version.Version=3.15.0'],
}

export const programs = {
  etcd: { origin: kubernetes, package: 'go.etcd.io/etcd/server/v3', version: 'v3.6.8', duration: '15 s' },
  'kube-apiserver': ofKubernetes('kube-apiserver', '5 min'),
  'kube-controller-manager': ofKubernetes('kube-controller-manager', '90 s'),
  kubectl: ofKubernetes('kubectl', '30 s'),
  helm: { origin: helm, package: 'helm.sh/helm/v4/cmd/helm', version: helm.version, duration: '2 min' },
  promtool: {
    origin: prometheus,
    package: 'github.com/prometheus/prometheus/cmd/promtool',
    version: prometheus.version,
    duration: '6 min',
  },
} as const satisfies Record<string, Program>

export type ProgramName = keyof typeof programs

function ofKubernetes(name: string, duration: string): Program {
  return { origin: kubernetes, package: `k8s.io/kubernetes/cmd/${name}`, version: kubernetes.version, duration }
}
