/** What a path of the Kubernetes API asks for. */

export interface Target {
  readonly plural: string
  readonly namespace: string | undefined
  /** Absent: the collection. */
  readonly name: string | undefined
  readonly subresource: string | undefined
  readonly query: URLSearchParams
}

/** Few paths are asked for, and often. */
const known = new Map<string, Target>()
const mostKnown = 2_000

/** `/api/v1/…` and `/apis/<group>/<version>/…`. */
export function readTarget(path: string): Target {
  const target = known.get(path) ?? parsed(path)
  if (known.size >= mostKnown) known.clear()
  known.set(path, target)
  return target
}

function parsed(path: string): Target {
  const url = new URL(path, 'http://memory')
  const parts = url.pathname.split('/').slice(1).map(decodeURIComponent)
  const [first, second = '', ...rest] = parts.slice(parts[0] === 'api' ? 2 : 3)
  const isNamespaced = first === 'namespaces' && rest.length > 0
  const [plural = '', name, subresource] = isNamespaced ? rest : [first, second || undefined, rest[0]]
  return { plural, namespace: isNamespaced ? second : undefined, name, subresource, query: url.searchParams }
}

/** The part of an object that selectors and paths look at. */
export interface Selectable {
  readonly type?: unknown
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
}

export function selects({ namespace, query }: Target, object: Selectable): boolean {
  if (namespace !== undefined && namespace !== object.metadata.namespace) return false
  return terms(query, 'fieldSelector').every(([field, value]) => fieldOf(object, field) === value) && isLabelled()

  function isLabelled(): boolean {
    return terms(query, 'labelSelector').every(([label, value]) => {
      const present = object.metadata.labels?.[label]
      return value === undefined ? present !== undefined : present === value
    })
  }
}

function fieldOf(object: Selectable, field: string): unknown {
  switch (field) {
    case 'metadata.name':
      return object.metadata.name
    case 'type':
      return object.type
    default:
      throw new TypeError(`no such field selector here: ${field}`)
  }
}

/** `a=b,c`; a label without a value need only exist. */
function terms(query: URLSearchParams, selector: string): readonly (readonly [string, string | undefined])[] {
  const text = query.get(selector) ?? ''
  return text === '' ? [] : text.split(',').map((term) => split(term))
}

function split(term: string): readonly [string, string | undefined] {
  const at = term.indexOf('=')
  return at < 0 ? [term, undefined] : [term.slice(0, at), term.slice(at + 1)]
}
