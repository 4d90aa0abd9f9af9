/** How a secondary is told to leave, and how that ends: the operator there does the rest. */
import { annotations } from '../api/group.ts'
import { mcClusterInfoName } from '../api/mc-cluster-info.ts'
import { decodeJoinStatus, mcJoinStatusName } from '../api/mc-join-status.ts'
import type { KubeClient } from '../kube/client.ts'
import { keyOf, type Secret, secretKind } from '../kube/objects.ts'
import type { Changes } from './changes.ts'
import { kubectl, type Target } from './command-line.ts'
import { CliError } from './errors.ts'
import { plainText } from './output.ts'
import type { Surroundings } from './surroundings.ts'
import { waitFor } from './wait.ts'

export interface LeavingDeps {
  readonly client: KubeClient
  readonly changes: Changes
  readonly target: Target
}

/** `info` is `mc-cluster-info` as it was read; `now` is ms since the epoch. Throws `KubeApiError`. */
export async function leave({ changes }: Pick<LeavingDeps, 'changes'>, info: Secret, now: number): Promise<void> {
  const leaveAt = { [annotations.leave]: new Date(now).toISOString() }
  await changes.patch(
    secretKind,
    keyOf(info),
    // With the uid it cannot be the information of a membership that has begun since.
    { metadata: { uid: info.metadata.uid, annotations: leaveAt } },
    'annotated',
  )
}

/** Says how it ended, which includes whether the primary could be told. Throws `CliError` where it did not end. */
export async function leaveAndWait(
  surroundings: Surroundings,
  { client, changes, target }: LeavingDeps,
  info: Secret,
  timeoutMs: number,
): Promise<void> {
  await leave({ changes }, info, surroundings.clock.now())
  const { namespace = '' } = info.metadata
  const hasLeft = await waitFor(surroundings, timeoutMs, async () =>
    (await client.get(secretKind, { namespace, name: mcClusterInfoName })) === undefined ? true : undefined,
  )
  if (!hasLeft)
    throw new CliError(`the membership was still there after ${timeoutMs / 1000} s; does the operator run?`, {
      next: kubectl(target, 'conjoin', 'status', '-n', namespace),
    })
  const status = await client.get(secretKind, { namespace, name: mcJoinStatusName })
  const message = decodeJoinStatus(status?.data)?.msg ?? ''
  surroundings.say(message === '' ? 'this cluster has left its primary' : plainText(message))
}
