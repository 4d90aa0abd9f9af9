/**
 * Writes `crds/` from the schemas in `src/api`. `--check` writes nothing and exits 1 with the names of the files that
 * differ. What a structural schema cannot say is refused here, not dropped in silence.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Document } from 'yaml'
import { z } from 'zod'
import { bootstrapKind, bootstrapSchema } from '../src/api/bootstrap.ts'
import { clusterKind, clusterSchema } from '../src/api/cluster.ts'
import { clusterTypeLabel, group, managedBy, managedByLabel, version } from '../src/api/group.ts'

/** A schema of a custom resource: OpenAPI 3.0 without references and alternatives. */
export interface StructuralSchema {
  readonly description?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  readonly additionalProperties?: StructuralSchema
  readonly items?: StructuralSchema
  readonly [keyword: string]: unknown
}

interface Column {
  readonly name: string
  readonly type: 'string' | 'date'
  readonly description: string
  readonly jsonPath: string
}

interface Definition {
  readonly kind: { readonly kind: string; readonly plural: string }
  readonly schema: z.ZodObject<{ spec: z.ZodType; status: z.ZodType }>
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly columns: readonly Column[]
}

const ready = (field: 'status' | 'reason') => `.status.conditions[?(@.type=="Ready")].${field}`

const readyColumns: readonly Column[] = [
  { name: 'Ready', type: 'string', description: 'Status of the condition Ready.', jsonPath: ready('status') },
  { name: 'Reason', type: 'string', description: 'Reason of the condition Ready.', jsonPath: ready('reason') },
]

const age: Column = {
  name: 'Age',
  type: 'date',
  description: 'Time since creation.',
  jsonPath: '.metadata.creationTimestamp',
}

const definitions: readonly Definition[] = [
  { kind: bootstrapKind, schema: bootstrapSchema, shortNames: [], categories: [], columns: [...readyColumns, age] },
  {
    kind: clusterKind,
    schema: clusterSchema,
    shortNames: ['mcc'],
    categories: ['multicluster'],
    columns: [
      {
        name: 'Type',
        type: 'string',
        description: 'primary or secondary.',
        jsonPath: `.metadata.labels['${clusterTypeLabel.replaceAll('.', '\\.')}']`,
      },
      ...readyColumns,
      {
        name: 'Version',
        type: 'string',
        description: 'Version of Kubernetes, as last reported.',
        jsonPath: '.status.versions.kubernetes',
      },
      age,
    ],
  },
]

function structuralSchema({ schema }: Definition): StructuralSchema {
  return structural({
    ...(schema.meta() as StructuralSchema | undefined),
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { description: 'Group and version of this kind.', type: 'string' },
      kind: { description: 'Name of this kind.', type: 'string' },
      // The API server owns what is in here and refuses even a description.
      metadata: { type: 'object' },
      spec: toOpenApi(schema.shape.spec),
      status: toOpenApi(schema.shape.status),
    },
  })
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

function customResourceDefinition(definition: Definition) {
  const { kind, plural } = definition.kind
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { [managedByLabel]: managedBy } },
    spec: {
      group,
      scope: 'Namespaced',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(definition.shortNames.length > 0 ? { shortNames: definition.shortNames } : {}),
        ...(definition.categories.length > 0 ? { categories: definition.categories } : {}),
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: definition.columns,
          schema: { openAPIV3Schema: structuralSchema(definition) },
        },
      ],
    },
  }
}

/** Every generated file: its path below the project's root, and its text. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map(
    definitions.map((definition) => {
      const crd = customResourceDefinition(definition)
      const document = new Document(crd, { aliasDuplicateObjects: false })
      document.commentBefore = ' Generated by `npm run gen` from src/api; do not edit.'
      return [`crds/${definition.kind.plural}.${group}.yaml`, document.toString({ lineWidth: 120 })]
    }),
  )
}

/** The names of the files below `root` that differ from what would be generated. */
export function driftedFiles(root: string): string[] {
  return [...generatedFiles()].filter(([path, text]) => readIfThere(join(root, path)) !== text).map(([path]) => path)
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '..')
  const drifted = driftedFiles(root)
  if (process.argv.includes('--check')) {
    for (const path of drifted) console.error(`${path} differs from src/api; run: npm run gen`)
    process.exitCode = drifted.length === 0 ? 0 : 1
  } else {
    for (const [path, text] of generatedFiles()) writeFileSync(join(root, path), text)
    console.log(drifted.length === 0 ? 'nothing changed' : `written: ${drifted.join(', ')}`)
  }
}
