/** The CustomResourceDefinitions of our kinds, made from their schemas: what `crds/`, the chart and the CLI install. */
import type { z } from 'zod'
import { bootstrapKind, bootstrapSchema } from './bootstrap.ts'
import { clusterKind, clusterSchema } from './cluster.ts'
import { clusterTypeLabel, group, managedBy, managedByLabel, version } from './group.ts'
import { type StructuralSchema, structuralSchema } from './structural-schema.ts'

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

function objectSchema({ schema }: Definition): StructuralSchema {
  const { description, ...rules } = (schema.meta() ?? {}) as StructuralSchema
  return {
    ...(description === undefined ? {} : { description }),
    type: 'object',
    ...rules,
    required: ['spec'],
    properties: {
      apiVersion: { description: 'Group and version of this kind.', type: 'string' },
      kind: { description: 'Name of this kind.', type: 'string' },
      // The API server owns what is in here and refuses even a description.
      metadata: { type: 'object' },
      spec: structuralSchema(schema.shape.spec),
      status: structuralSchema(schema.shape.status),
    },
  }
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
          schema: { openAPIV3Schema: objectSchema(definition) },
        },
      ],
    },
  }
}

export type CustomResourceDefinition = Readonly<ReturnType<typeof customResourceDefinition>>

/** The definitions as they are installed; they carry the label by which the operator knows them as ours. */
export const customResourceDefinitions: readonly CustomResourceDefinition[] = definitions.map(customResourceDefinition)
