/** `leave`: ends the membership of a secondary, from its own side. The operator there tells the primary and cleans up. */
import { Command } from 'commander'
import { annotations } from '../../api/group.ts'
import { mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import { decodeJoinStatus, mcJoinStatusName } from '../../api/mc-join-status.ts'
import type { KubeClient } from '../../kube/client.ts'
import { secretKind } from '../../kube/objects.ts'
import { createChanges } from '../changes.ts'
import { kubectl } from '../diagnosis/command-line.ts'
import { CliError } from '../errors.ts'
import { type ClusterFlags, clusterFlags, type DryRun, dryRunFlag, secondaryNamespace, timeoutFlag } from '../flags.ts'
import { onCluster } from '../on-cluster.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'

interface Flags extends ClusterFlags {
  readonly wait?: boolean
  readonly timeout: number
  readonly dryRun: DryRun
}

export function leaveCommand(surroundings: Surroundings): Command {
  const command = new Command('leave')
    .description('take this secondary out of its primary')
    .option('--wait', 'until its membership is gone')
  timeoutFlag(dryRunFlag(clusterFlags(command, secondaryNamespace)), '60s')
  return command.action(async (flags: Flags) => leave(surroundings, flags))
}

async function leave(surroundings: Surroundings, flags: Flags): Promise<void> {
  const { print, say, clock } = surroundings
  const { dryRun, namespace = secondaryNamespace } = flags
  const key = { namespace, name: mcClusterInfoName }
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const info = await client.get(secretKind, key)
    if (info === undefined)
      return say(`there is no ${mcClusterInfoName} in ${namespace}: this cluster has joined nobody`)
    const leaveAt = { [annotations.leave]: new Date(clock.now()).toISOString() }
    const patch = { metadata: { uid: info.metadata.uid, annotations: leaveAt } }
    await createChanges({ client, print, dryRun }).patch(secretKind, key, patch, 'annotated')
    if (flags.wait && dryRun === 'none') await untilLeft(surroundings, client, { namespace, flags })
  })
}

/** Says how it ended, which includes whether the primary could be told. Throws `CliError` where it did not end. */
export async function untilLeft(
  surroundings: Surroundings,
  client: KubeClient,
  {
    namespace,
    flags,
  }: { readonly namespace: string; readonly flags: Pick<Flags, 'timeout' | 'kubeconfig' | 'context'> },
): Promise<void> {
  const hasLeft = await waitFor(surroundings, flags.timeout, async () => {
    const info = await client.get(secretKind, { namespace, name: mcClusterInfoName })
    return info === undefined ? true : undefined
  })
  if (!hasLeft)
    throw new CliError(`the membership was still there after ${flags.timeout / 1000} s; does the operator run?`, {
      next: kubectl(flags, 'conjoin', 'status'),
    })
  const status = await client.get(secretKind, { namespace, name: mcJoinStatusName })
  const message = decodeJoinStatus(status?.data)?.msg
  surroundings.say(message === undefined || message === '' ? 'this cluster has left its primary' : message)
}
