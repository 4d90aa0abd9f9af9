/** A client that reads from what a test has stored, and forbids what it names. */
import type { KubeClient, Selection } from '../../../../../src/kube/client.ts'
import { KubeApiError } from '../../../../../src/kube/errors.ts'
import type { Kind, KubeObject, ObjectKey } from '../../../../../src/kube/objects.ts'

export interface Stored {
  readonly objects?: readonly KubeObject[]
  /** `verb plural` that are refused. */
  readonly forbidden?: readonly string[]
  /** Plurals that are not served. */
  readonly unserved?: readonly string[]
  /** What a POST answers, by its kind. */
  readonly answers?: Readonly<Record<string, (object: KubeObject) => object>>
}

export function clientOf(stored: Stored): Pick<KubeClient, 'get' | 'list' | 'create'> {
  const { objects = [], forbidden = [], unserved = [], answers = {} } = stored

  function permit(verb: string, { plural, apiVersion }: Kind, where: string | undefined): void {
    const group = apiVersion.includes('/') ? `.${apiVersion.slice(0, apiVersion.indexOf('/'))}` : ''
    const subject = { verb, resource: plural + group, objectName: where }
    if (forbidden.includes(`${verb} ${plural}`))
      throw new KubeApiError(subject, { status: 403, reason: 'Forbidden', message: 'no' })
    if (unserved.includes(plural))
      throw new KubeApiError(subject, { status: 404, reason: 'NoSuchResource', message: 'no' })
  }

  return {
    async get<T extends KubeObject>(kind: Kind<T>, { namespace, name }: ObjectKey) {
      permit('get', kind, namespace === undefined ? name : `${namespace}/${name}`)
      return objects.find(
        (object) =>
          object.kind === kind.kind && object.metadata.name === name && object.metadata.namespace === namespace,
      ) as T | undefined
    },
    async list<T extends KubeObject>(kind: Kind<T>, { namespace }: Selection) {
      permit('list', kind, namespace)
      const isAsked = (object: KubeObject) =>
        object.kind === kind.kind && (namespace === undefined || object.metadata.namespace === namespace)
      return { items: objects.filter(isAsked) as T[], resourceVersion: '1' }
    },
    async create<T extends KubeObject>(kind: Kind<T>, object: T) {
      permit('create', kind, undefined)
      return { ...object, ...answers[kind.kind]?.(object) }
    },
  }
}

/** `data` of a Secret. */
export function encoded(values: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
}
