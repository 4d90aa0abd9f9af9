/** `disconnect`: ends the membership of secondaries, from the primary. Their clusters hear it at their next contact. */
import { Command } from 'commander'
import type { KubeClient } from '../../kube/client.ts'
import { createChanges } from '../changes.ts'
import { kubectl } from '../command-line.ts'
import { CliError } from '../errors.ts'
import { readCluster } from '../find-cluster.ts'
import { type ClusterFlags, clusterFlags, type DryRun, dryRunFlag, primaryNamespace, timeoutFlag } from '../flags.ts'
import { clusters } from '../kinds.ts'
import { onCluster } from '../on-cluster.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'

interface Flags extends ClusterFlags {
  readonly wait?: boolean
  readonly timeout: number
  readonly dryRun: DryRun
}

export function disconnectCommand(surroundings: Surroundings): Command {
  const command = new Command('disconnect')
    .description('end the membership of secondaries, by deleting their Clusters')
    .argument('<name...>', 'of the Clusters')
    .option('--wait', 'until they are gone')
  timeoutFlag(dryRunFlag(clusterFlags(command, primaryNamespace)), '60s')
  return command.action(async (names: readonly string[], flags: Flags) => disconnect(surroundings, names, flags))
}

async function disconnect(surroundings: Surroundings, names: readonly string[], flags: Flags): Promise<void> {
  const { print, say } = surroundings
  const { dryRun, namespace = primaryNamespace } = flags
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const changes = createChanges({ client, print, dryRun })
    for (const name of names) {
      const { spec, metadata } = await readCluster(client, { namespace, name }, flags)
      if (spec.primary)
        throw new CliError(`${name} is the primary itself; with it goes all of conjoin`, {
          next: kubectl(flags, 'conjoin', 'purge', '--dry-run', '-n', namespace),
        })
      await changes.delete(clusters, { namespace, name }, { uid: metadata.uid })
    }
    if (dryRun !== 'none') return
    say('the clusters hear it at their next contact, and then remove mc-cluster-info')
    if (flags.wait) await untilGone(surroundings, client, { names, namespace, flags })
  })
}

async function untilGone(
  surroundings: Surroundings,
  client: KubeClient,
  { names, namespace, flags }: { names: readonly string[]; namespace: string; flags: Flags },
): Promise<void> {
  const areGone = await waitFor(surroundings, flags.timeout, async () => {
    const left = await Promise.all(names.map(async (name) => client.get(clusters, { namespace, name })))
    return left.every((cluster) => cluster === undefined) || undefined
  })
  if (areGone) return
  throw new CliError(`not all of them were gone after ${flags.timeout / 1000} s; does the operator run?`, {
    next: kubectl(flags, 'conjoin', 'status'),
  })
}
