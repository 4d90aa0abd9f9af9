/** Clusters and Bootstraps as the API server would show them, for decisions. */
import type { Bootstrap, BootstrapEntry } from '../../../src/api/bootstrap.ts'
import type { Cluster } from '../../../src/api/cluster.ts'
import { apiVersion, clusterInfoFinalizer, clusterTypeLabel, createdByLabel } from '../../../src/api/group.ts'

export const namespace = 'kasten-io-mc'
export const k10 = { namespace: 'kasten-io', releaseName: 'k10' }
/** A Saturday at noon; every time in these tests is told from here. */
export const noon = Date.UTC(2030, 0, 5, 12)

export const at = (ms: number): string => new Date(ms).toISOString()

type Member = NonNullable<Cluster['spec']['member']>

export function member(fields: Partial<Member> = {}): Member {
  return {
    uid: 'uid-east',
    keyId: 'key-east',
    publicKey: 'public-key-east',
    since: at(noon),
    tokenId: 'AAAAAAAAAAAAAAAA',
    ...fields,
  }
}

/** A secondary without a member, unless one is given. */
export function cluster(
  name: string,
  fields: { spec?: Partial<Cluster['spec']>; metadata?: Partial<Cluster['metadata']>; status?: Cluster['status'] } = {},
): Cluster {
  const primary = fields.spec?.primary ?? false
  return {
    apiVersion,
    kind: 'Cluster',
    metadata: {
      name,
      namespace,
      uid: `object-${name}`,
      resourceVersion: '7',
      generation: 1,
      creationTimestamp: at(noon),
      labels: { [clusterTypeLabel]: primary ? 'primary' : 'secondary' },
      ...(primary ? {} : { finalizers: [clusterInfoFinalizer] }),
      ...fields.metadata,
    },
    spec: { primary, k10, ...fields.spec },
    ...(fields.status === undefined ? {} : { status: fields.status }),
  }
}

export function entry(name: string, fields: Partial<BootstrapEntry> = {}): BootstrapEntry {
  return { name, primary: false, k10, ...fields }
}

export const primaryEntry = entry('primary-cluster-1', {
  primary: true,
  k10: { ...k10, ingress: { url: 'https://primary.example.com/k10' } },
})

export function bootstrap(
  name: string,
  clusters: Readonly<Record<string, BootstrapEntry>>,
  fields: { metadata?: Partial<Bootstrap['metadata']>; status?: Bootstrap['status'] } = {},
): Bootstrap {
  return {
    apiVersion,
    kind: 'Bootstrap',
    metadata: { name, namespace, generation: 1, creationTimestamp: at(noon), ...fields.metadata },
    spec: { clusters },
    ...(fields.status === undefined ? {} : { status: fields.status }),
  }
}

export const madeByJoin = { labels: { [createdByLabel]: 'join' } }
