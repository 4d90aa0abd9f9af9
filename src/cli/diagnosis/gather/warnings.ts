/** The warnings that our own operators have recorded in a namespace. */
import { group } from '../../../api/group.ts'
import { eventKind, type KubeEvent } from '../../../kube/objects.ts'
import type { Reading } from '../observation.ts'
import { mapped, type Reader } from './reader.ts'

/** Throws `KubeApiError`. */
export async function readWarnings(reader: Reader, namespace: string): Promise<Reading<readonly KubeEvent[]>> {
  const events = await reader.list(eventKind, { namespace, fieldSelector: 'type=Warning' })
  return mapped(events, (all) => all.filter(({ reportingController }) => reportingController.startsWith(`${group}/`)))
}
