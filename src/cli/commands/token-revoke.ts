/** `token revoke`: from the moment that it is deleted nobody joins with it; who has joined stays joined. */
import { Command } from 'commander'
import { secretKind } from '../../kube/objects.ts'
import { createChanges } from '../changes.ts'
import {
  type ClusterFlags,
  clusterFlags,
  type DryRun,
  dryRunFlag,
  type OutputFormat,
  outputFlag,
  primaryNamespace,
} from '../flags.ts'
import { onCluster } from '../on-cluster.ts'
import type { Surroundings } from '../surroundings.ts'
import { joinTokenSecret } from '../token-secret.ts'

interface Flags extends ClusterFlags {
  readonly dryRun: DryRun
  readonly output?: OutputFormat
}

export function tokenRevokeCommand(surroundings: Surroundings): Command {
  const command = new Command('revoke')
    .description('delete join tokens: nobody joins with them any more, joined clusters stay joined')
    .argument('<name...>', 'of the Secrets')
  outputFlag(dryRunFlag(clusterFlags(command, primaryNamespace)), ['name'])
  return command.action(async (names: readonly string[], flags: Flags) => revoke(surroundings, names, flags))
}

async function revoke(surroundings: Surroundings, names: readonly string[], flags: Flags): Promise<void> {
  const { dryRun, output, namespace = primaryNamespace } = flags
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const changes = createChanges({ client, print: surroundings.print, dryRun, output })
    for (const name of names) {
      const secret = joinTokenSecret(await client.get(secretKind, { namespace, name }), { namespace, name }, flags)
      await changes.delete(secretKind, { namespace, name }, { uid: secret.metadata.uid })
    }
  })
}
