/** Writes what starts a join on the secondary. */
import { configMapKind, secretKind } from '../../kube/objects.ts'
import type { Changes } from '../changes.ts'
import type { Given } from './plan.ts'
import type { StoredGiven } from './sides.ts'

/** The ConfigMap goes first: `mc-join` starts the join. Throws `KubeApiError`. */
export async function give(changes: Changes, stored: StoredGiven, given: Given): Promise<void> {
  if (given.config !== undefined && given.config !== stored.config)
    await (stored.config === undefined
      ? changes.create(configMapKind, given.config)
      : changes.replace(configMapKind, given.config))
  await (stored.join === undefined ? changes.create(secretKind, given.join) : changes.replace(secretKind, given.join))
}
