/**
 * The kind Bootstrap: what a user writes to register clusters on the primary. Its schema is the source of the CRD and
 * of the types; what an entry leads to is decided in `src/primary`.
 */
import { z } from 'zod'
import { clusterNameSchema } from './cluster-name.ts'
import { conditionsSchema } from './conditions.ts'
import type { DeepReadonly } from './deep-readonly.ts'
import { apiVersion } from './group.ts'
import { k10Schema } from './k10.ts'
import { objectMetaSchema } from './metadata.ts'

export const bootstrapKind = { apiVersion, kind: 'Bootstrap', plural: 'bootstraps', namespaced: true } as const

const maxClusters = 100

const entrySchema = z.object({
  name: clusterNameSchema.meta({
    description: 'Name of the Cluster to register: an RFC 1123 subdomain of at most 63 characters.',
  }),
  primary: z.boolean().default(false).meta({
    description: 'Whether this entry is the primary, the cluster the Bootstrap is stored in. Default: false.',
  }),
  k10: k10Schema.meta({ description: 'Where K10 lives in this cluster.' }),
})

/** Each rule is written twice, for zod and for the API server; a test sends the same samples to both. */
const clustersSchema = z
  .record(
    z.string(),
    entrySchema.meta({ description: 'One cluster to register; its key is free text for the author.' }),
  )
  .refine((clusters) => Object.keys(clusters).length <= maxClusters, `at most ${maxClusters} clusters`)
  .refine((clusters) => Object.values(clusters).filter((entry) => entry.primary).length <= 1, {
    message: 'at most one cluster may be the primary',
  })
  .refine(
    (clusters) => new Set(Object.values(clusters).map((entry) => entry.name)).size === Object.keys(clusters).length,
    {
      message: 'the names of the clusters must differ',
    },
  )
  .meta({
    description: 'The clusters to register, by a key of your choice. At most 100, with different names, one primary.',
    maxProperties: maxClusters,
    'x-kubernetes-validations': [
      { rule: 'self.filter(k, self[k].primary).size() <= 1', message: 'at most one cluster may be the primary' },
      {
        rule: 'self.all(a, self.all(b, a == b || self[a].name != self[b].name))',
        message: 'the names of the clusters must differ',
      },
    ],
  })

const specSchema = z.object({ clusters: clustersSchema }).meta({ description: 'What is to be registered.' })

const entryStatusSchema = z.object({
  key: z.string().meta({ description: 'Key of the entry in spec.clusters.' }),
  name: z.string().meta({ description: 'Name of the Cluster that the entry registered, or is to register.' }),
  id: z.string().exactOptional().meta({ description: 'UID of the kube-system namespace of that cluster, once known.' }),
  ready: z.boolean().meta({ description: 'Whether that Cluster is Ready.' }),
  registered: z.string().exactOptional().meta({
    description:
      'Present once the entry has registered its Cluster: the value that the annotation register had then, empty where it had none. A Cluster deleted since is created again only for a new value.',
  }),
  message: z.string().max(1024).meta({ description: 'What the entry waits for or what is wrong; empty if nothing.' }),
})

const statusSchema = z
  .object({
    observedGeneration: z
      .int()
      .nonnegative()
      .exactOptional()
      .meta({ description: 'The metadata.generation that this status describes.', format: 'int64' }),
    conditions: conditionsSchema.exactOptional(),
    clusters: z
      .array(entryStatusSchema)
      .max(2 * maxClusters)
      .exactOptional()
      .meta({
        description: 'What has become of each entry.',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['key'],
      }),
  })
  .meta({ description: 'What has become of it; written by the operator.' })

export const bootstrapSchema = z
  .object({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(bootstrapKind.kind),
    metadata: objectMetaSchema,
    spec: specSchema,
    status: statusSchema.exactOptional(),
  })
  .meta({ description: 'Registers the primary, and secondaries ahead of their join.' })

export type Bootstrap = DeepReadonly<z.infer<typeof bootstrapSchema>>
export type BootstrapEntry = Bootstrap['spec']['clusters'][string]
export type BootstrapStatus = NonNullable<Bootstrap['status']>
export type BootstrapEntryStatus = NonNullable<BootstrapStatus['clusters']>[number]
