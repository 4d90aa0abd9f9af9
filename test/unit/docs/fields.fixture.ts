/** The fields of a custom resource as a page lists them: path, type with its limits, default. */
import type { CustomResourceDefinition } from '../../../src/api/definitions.ts'
import type { StructuralSchema } from '../../../src/api/structural-schema.ts'
import type { Row } from './pages.fixture.ts'

/** One row for each field of `spec` and `status`, in the order of the schema. */
export function fieldRows({ spec }: CustomResourceDefinition): readonly Row[] {
  const root = spec.versions[0]?.schema.openAPIV3Schema as StructuralSchema
  return ['spec', 'status'].flatMap((name) => rowsOf(name, root.properties?.[name] ?? {}))
}

function rowsOf(path: string, node: StructuralSchema): readonly Row[] {
  const required = (node['required'] ?? []) as readonly string[]
  return Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const inner = `${path}.${name}`
    const ending = field.items === undefined ? (field.additionalProperties === undefined ? '' : '.<key>') : '[]'
    const element = field.items ?? field.additionalProperties ?? field
    return [[inner, typeOf(field), defaultOf(field, required.includes(name))], ...rowsOf(inner + ending, element)]
  })
}

function typeOf(node: StructuralSchema): string {
  if (node['enum'] !== undefined) return (node['enum'] as readonly string[]).join(', ')
  if (node['format'] === 'date-time') return 'time'
  const most = (node['maxLength'] ?? node['maxItems'] ?? node['maxProperties']) as number | undefined
  const type = node.items === undefined ? (node.additionalProperties === undefined ? node.type : 'map') : 'list'
  return most === undefined ? String(type) : `${type}, at most ${most}`
}

function defaultOf(node: StructuralSchema, isRequired: boolean): string {
  if (isRequired) return 'required'
  const value = node['default'] as string | boolean | undefined
  return value === undefined ? '–' : String(value)
}

/** The messages of all rules on the fields of a custom resource. */
export function refusals({ spec }: CustomResourceDefinition): ReadonlySet<string> {
  const rules = JSON.stringify(spec.versions[0]?.schema).matchAll(/"message":("(?:[^"\\]|\\.)*")/g)
  return new Set([...rules].map(([, message = '']) => JSON.parse(message) as string))
}
