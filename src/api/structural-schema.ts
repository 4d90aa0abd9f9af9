/**
 * From a zod schema to the structural schema of a custom resource. What a structural schema cannot say is refused here,
 * not dropped in silence.
 */
import { z } from 'zod'

/** A schema of a custom resource: OpenAPI 3.0 without references and alternatives. */
export interface StructuralSchema {
  readonly description?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  readonly additionalProperties?: StructuralSchema
  readonly items?: StructuralSchema
  readonly [keyword: string]: unknown
}

/** The structural schema of what a user may write. Throws where the schema says something that a custom resource cannot. */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  return structural(toOpenApi(schema))
}

function toOpenApi(schema: z.ZodType): StructuralSchema {
  return z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'throw',
    unrepresentable: 'throw',
  }) as StructuralSchema
}

/** What our custom resources say of a field, in the order in which it is written. */
const keywords = [
  'description',
  'type',
  'format',
  'default',
  'enum',
  'minimum',
  'minLength',
  'maxLength',
  'pattern',
  'maxItems',
  'maxProperties',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
  'required',
  'properties',
  'additionalProperties',
  'items',
]

/** Brings a schema into the one written form. Throws where it says something that the list above does not have. */
function structural(node: StructuralSchema): StructuralSchema {
  const unknown = Object.keys(node).filter((name) => !keywords.includes(name) && !isSafeIntegerBound(name, node[name]))
  if (unknown.length > 0) throw new Error(`a custom resource cannot say ${unknown.join(', ')}: ${node.description}`)
  if (node.type === undefined) throw new Error(`a custom resource needs a type everywhere: ${node.description}`)
  const kept = keywords.filter((name) => node[name] !== undefined && !isSafeIntegerBound(name, node[name]))
  return Object.fromEntries(
    kept.map((name) => [name, keywordValue(name, node)]).filter(([, value]) => value !== undefined),
  )
}

/** zod adds the bounds of JavaScript's integers, which nobody asked for. */
function isSafeIntegerBound(name: string, value: unknown): boolean {
  return (name === 'minimum' || name === 'maximum') && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER
}

function keywordValue(name: string, node: StructuralSchema): unknown {
  switch (name) {
    case 'pattern':
      // A format says it already. The slash is escaped in the source of a JavaScript pattern and needs no escape here.
      return node['format'] === undefined ? String(node[name]).replaceAll('\\/', '/') : undefined
    case 'properties':
      return mapValues(node.properties ?? {}, structural)
    case 'additionalProperties':
    case 'items': {
      const inner = node[name]
      return inner === undefined ? undefined : structural(inner)
    }
    default:
      return node[name]
  }
}

function mapValues<T, U>(record: Readonly<Record<string, T>>, fn: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, fn(value)]))
}
