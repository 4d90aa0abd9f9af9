/** `leave`: ends the membership of a secondary, from its own side. The operator there tells the primary and cleans up. */
import { Command } from 'commander'
import { mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import { secretKind } from '../../kube/objects.ts'
import { createChanges } from '../changes.ts'
import { type ClusterFlags, clusterFlags, type DryRun, dryRunFlag, secondaryNamespace, timeoutFlag } from '../flags.ts'
import { leave, leaveAndWait } from '../leaving.ts'
import { onCluster } from '../on-cluster.ts'
import type { Surroundings } from '../surroundings.ts'

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
  return command.action(async (flags: Flags) => run(surroundings, flags))
}

async function run(surroundings: Surroundings, flags: Flags): Promise<void> {
  const { print, say, clock } = surroundings
  const { dryRun, namespace = secondaryNamespace } = flags
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const info = await client.get(secretKind, { namespace, name: mcClusterInfoName })
    if (info === undefined)
      return say(`there is no ${mcClusterInfoName} in ${namespace}: this cluster has joined nobody`)
    const changes = createChanges({ client, print, dryRun })
    if (flags.wait && dryRun === 'none')
      return leaveAndWait(surroundings, { client, changes, target: flags }, info, flags.timeout)
    await leave({ changes }, info, clock.now())
  })
}
