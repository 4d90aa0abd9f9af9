/** What the API servers of a world serve: the kinds that the product reads and writes, and the rules of its own two. */
import { bootstrapKind } from '../../../src/api/bootstrap.ts'
import { type Cluster, clusterKind, clusterSchema } from '../../../src/api/cluster.ts'
import {
  configMapKind,
  customResourceDefinitionKind,
  eventKind,
  leaseKind,
  namespaceKind,
  secretKind,
} from '../../../src/kube/objects.ts'
import type { JsonObject } from '../../support/memory-api/json.ts'
import type { ServedKind } from '../../support/memory-api/stored.ts'

const builtIn: readonly ServedKind[] = [
  secretKind,
  configMapKind,
  { ...leaseKind, isMadeByPut: true },
  eventKind,
  namespaceKind,
  customResourceDefinitionKind,
]

export const secondaryKinds = builtIn

export const primaryKinds: readonly ServedKind[] = [
  ...builtIn,
  { ...bootstrapKind, isCustom: true },
  { ...clusterKind, isCustom: true, judge: judgeCluster },
]

/** The schema and the one rule that it cannot say: a member stays, and its uid too. */
function judgeCluster(object: JsonObject, before: JsonObject | undefined): string | undefined {
  const parsed = clusterSchema.safeParse(object)
  if (!parsed.success) return parsed.error.message
  const old = before === undefined ? undefined : (before as unknown as Cluster).spec.member
  return old === undefined || old.uid === parsed.data.spec.member?.uid ? undefined : 'the uid of a member cannot change'
}
