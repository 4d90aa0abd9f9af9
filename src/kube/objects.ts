/**
 * What every Kubernetes object has, and the built-in kinds that the runtime and its callers use. It holds types, keys
 * and names only: no requests, and no kind of a project's own.
 */

export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: readonly string[]
}

export interface KubeObject {
  apiVersion?: string
  kind?: string
  metadata: ObjectMeta
}

/** What the client must know of a kind; `T` is a phantom that types what it returns. */
export interface Kind<T extends KubeObject = KubeObject> {
  readonly apiVersion: string
  readonly kind: string
  readonly plural: string
  readonly namespaced: boolean
  readonly _type?: T
}

/** Names one object of a kind; `namespace` is absent where the kind is cluster-scoped. */
export interface ObjectKey {
  readonly namespace?: string
  readonly name: string
}

/** The key of an object that has been read. */
export function keyOf(object: { readonly metadata: ObjectMeta }): ObjectKey {
  const { namespace, name } = object.metadata
  return namespace === undefined ? { name } : { namespace, name }
}

/** `namespace/name`, or `name` alone: the form in logs, queues and caches. */
export function formatKey(key: ObjectKey): string {
  return key.namespace === undefined ? key.name : `${key.namespace}/${key.name}`
}

/** The inverse of `formatKey`; a name holds no slash, so the first one ends the namespace. */
export function parseKey(text: string): ObjectKey {
  const slash = text.indexOf('/')
  return slash < 0 ? { name: text } : { namespace: text.slice(0, slash), name: text.slice(slash + 1) }
}

/** A time in the form of MicroTime fields, which the API server accepts with exactly six fractional digits. */
export function microTime(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z')
}

export interface Secret extends KubeObject {
  type?: string
  immutable?: boolean
  /** Values in base64. */
  data?: Record<string, string>
}

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
  /** Values in base64. */
  binaryData?: Record<string, string>
}

export interface Lease extends KubeObject {
  spec?: {
    /** Empty or absent: nobody holds it. */
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export interface KubeEvent extends KubeObject {
  type: 'Normal' | 'Warning'
  reason: string
  action: string
  /** At most 1,024 characters. */
  note: string
  eventTime: string
  reportingController: string
  reportingInstance: string
  regarding: {
    apiVersion?: string | undefined
    kind?: string | undefined
    namespace?: string | undefined
    name: string
    uid?: string | undefined
  }
  series?: { count: number; lastObservedTime: string }
}

/** `meta/v1` Condition. */
export interface Condition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  reason: string
  message: string
  lastTransitionTime: string
  observedGeneration?: number
}

export const secretKind: Kind<Secret> = { apiVersion: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true }
export const configMapKind: Kind<ConfigMap> = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
}
export const namespaceKind: Kind = { apiVersion: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false }
export const leaseKind: Kind<Lease> = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  plural: 'leases',
  namespaced: true,
}
export const eventKind: Kind<KubeEvent> = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
}
export const customResourceDefinitionKind: Kind = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  namespaced: false,
}
