/** One pass of the reconciler: everything that was gathered for it. Holds values only. */
import type { ReconcileContext } from '../../kube/controller.ts'
import type { OwnIdentity } from '../identity/own-identity.ts'
import type { SecondaryObjects } from '../objects.ts'
import type { Content } from './content.ts'
import type { StatusWriter } from './status-writer.ts'

export interface Pass extends ReconcileContext {
  readonly objects: SecondaryObjects
  readonly content: Content
  /** Undefined where no key has been made yet. */
  readonly identity: OwnIdentity | undefined
  /** The user wants this cluster to leave its primary. */
  readonly isLeaving: boolean
  readonly status: StatusWriter
}
