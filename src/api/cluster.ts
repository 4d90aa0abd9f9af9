/**
 * The kind Cluster: one registered cluster, on the primary. Its schema is the source of the CRD and of the types; who
 * may become one and when it is healthy is decided in `src/primary`.
 */
import { z } from 'zod'
import { maxNameLength } from '../protocol/fields.ts'
import { conditionsSchema } from './conditions.ts'
import type { DeepReadonly } from './deep-readonly.ts'
import { apiVersion } from './group.ts'
import { k10Schema } from './k10.ts'
import { objectMetaSchema } from './metadata.ts'

export const clusterKind = { apiVersion, kind: 'Cluster', plural: 'clusters', namespaced: true } as const

/** 32 bytes as base64url: a public key or a thumbprint. */
const key32 = z.string().regex(/^[A-Za-z0-9_-]{43}$/)

const memberSchema = z.object({
  // The form of the wire: a tombstone has it as a key, and one that could not be stored would hold the deletion for ever.
  uid: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,64}$/)
    .meta({ description: 'UID of the kube-system namespace of the cluster. Never changes.' }),
  publicKey: key32.meta({ description: 'Ed25519 public key of the cluster, 32 bytes as base64url.' }),
  keyId: key32.meta({ description: 'RFC 7638 thumbprint of publicKey, SHA-256 as base64url.' }),
  previousKeyId: key32.exactOptional().meta({ description: 'Thumbprint of the key that publicKey replaced.' }),
  since: z.iso.datetime({ offset: true }).meta({ description: 'When the present key was admitted (RFC 3339).' }),
  tokenId: z
    .string()
    .regex(/^([A-Za-z0-9_-]{16})?$/)
    .meta({ description: 'Id of the join token that admitted it; empty where it came back with its membership.' }),
})

/** A rule on an optional field is not run when the field is removed, so the rule stands on its parent. */
const memberRule = '!has(oldSelf.member) || (has(self.member) && self.member.uid == oldSelf.member.uid)'

const specSchema = z
  .object({
    primary: z.boolean().default(false).meta({ description: 'Whether this is the primary itself. Default: false.' }),
    k10: k10Schema.meta({ description: 'Where K10 lives in this cluster.' }),
    member: memberSchema
      .exactOptional()
      .meta({ description: 'The identity of the joined cluster; written by the operator. It cannot be removed.' }),
    approval: z
      .enum(['manual'])
      .exactOptional()
      .meta({ description: 'Set by a join whose token asks for approval: no member before approved is true.' }),
    approved: z.boolean().exactOptional().meta({
      description:
        'The word of an administrator: true admits a cluster that waits for approval, false denies the join, absent: it waits.',
    }),
  })
  .meta({
    description: 'What the cluster is.',
    'x-kubernetes-validations': [
      { rule: memberRule, message: 'member cannot be removed and its uid cannot change; delete the Cluster instead' },
    ],
  })

const deniedMemberRule =
  "!(has(self.spec.approved) && !self.spec.approved && has(self.status) && has(self.status.conditions) && self.status.conditions.exists(c, c.type == 'Joined' && c.status == 'True'))"
const deniedMemberMessage =
  'approved: false denies a join that waits, and this cluster has joined; delete the Cluster to disconnect it'

/** Free text from a member: bounded, and no more than the wire admits is ever written. */
const reportedVersion = z.string().max(64)

const statusSchema = z
  .object({
    id: z.string().max(64).exactOptional().meta({ description: 'UID of the kube-system namespace of the cluster.' }),
    keyId: key32.exactOptional().meta({
      description:
        'Thumbprint of the key that the cluster was last heard with for the first time; spec.member.keyId, once that is in use.',
    }),
    observedGeneration: z
      .int()
      .nonnegative()
      .exactOptional()
      .meta({ description: 'The metadata.generation that this status describes.', format: 'int64' }),
    conditions: conditionsSchema.exactOptional(),
    lastSeen: z.iso.datetime({ offset: true }).exactOptional().meta({
      description:
        'When the cluster was last heard of (RFC 3339); written on changes and about hourly, so up to 75 minutes old.',
    }),
    versions: z
      .object({
        kubernetes: reportedVersion.meta({ description: 'Version of Kubernetes.' }),
        operator: reportedVersion.meta({ description: 'Version of conjoin.' }),
      })
      .exactOptional()
      .meta({ description: 'What the cluster runs, as it last reported.' }),
    heartbeatInterval: z.int().min(0).exactOptional().meta({
      description:
        "Of the primary's own Cluster: the longest interval between two heartbeats that a member may still follow, in seconds.",
      format: 'int64',
    }),
    primaryKeyId: key32.exactOptional().meta({
      description: "Thumbprint of the primary's signing key that the cluster trusts, as it last named it.",
    }),
  })
  .meta({ description: 'What is known of the cluster; written by the operator.' })

export const clusterSchema = z
  .object({
    apiVersion: z.literal(apiVersion),
    kind: z.literal(clusterKind.kind),
    metadata: objectMetaSchema,
    spec: specSchema,
    status: statusSchema.exactOptional(),
  })
  .refine((cluster) => cluster.metadata.name.length <= maxNameLength, {
    path: ['metadata', 'name'],
    message: `the name has at most ${maxNameLength} characters`,
  })
  .refine(
    ({ spec, status }) =>
      spec.approved !== false || !status?.conditions?.some((c) => c.type === 'Joined' && c.status === 'True'),
    { path: ['spec', 'approved'], message: deniedMemberMessage },
  )
  .meta({
    description: 'A cluster under this primary: the primary itself, or a secondary.',
    'x-kubernetes-validations': [
      {
        rule: `self.metadata.name.size() <= ${maxNameLength}`,
        message: `the name has at most ${maxNameLength} characters`,
      },
      { rule: deniedMemberRule, message: deniedMemberMessage },
    ],
  })

export type Cluster = DeepReadonly<z.infer<typeof clusterSchema>>
export type ClusterSpec = Cluster['spec']
export type ClusterMember = NonNullable<ClusterSpec['member']>
export type ClusterStatus = NonNullable<Cluster['status']>
