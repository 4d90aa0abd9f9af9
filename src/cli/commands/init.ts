/** `init`: makes a cluster a primary: its namespace, the two kinds, and the Bootstrap that names it. */
import { Command } from 'commander'
import { createChanges } from '../changes.ts'
import {
  type ClusterFlags,
  clusterFlags,
  type DryRun,
  dryRunFlag,
  type OutputFormat,
  outputFlag,
  primaryNamespace,
  timeoutFlag,
} from '../flags.ts'
import { installPrimary } from '../init/install.ts'
import { planPrimary } from '../init/plan.ts'
import { untilRegistered } from '../init/registered.ts'
import { onCluster } from '../on-cluster.ts'
import { manifestsText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'

interface Flags extends ClusterFlags {
  readonly name: string
  readonly ingress: string
  readonly dryRun: DryRun
  readonly output?: OutputFormat
  readonly timeout: number
}

export function initCommand(surroundings: Surroundings): Command {
  const command = new Command('init')
    .description('make a cluster a primary')
    .requiredOption('--name <name>', 'of the primary')
    .requiredOption('--ingress <url>', 'where secondaries reach it')
  outputFlag(dryRunFlag(clusterFlags(command, primaryNamespace)), ['yaml', 'name'])
  timeoutFlag(command, '60s')
  return command.action(async (flags: Flags) => init(surroundings, flags))
}

async function init(surroundings: Surroundings, flags: Flags): Promise<void> {
  const { print, clock, signal } = surroundings
  const { dryRun, output, namespace = primaryNamespace } = flags
  const plan = planPrimary({ name: flags.name, ingress: flags.ingress, namespace })
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const changes = createChanges({ client, print, dryRun, output })
    const pretended = createChanges({ client, print, dryRun: 'client', output })
    await installPrimary({ client, changes, pretended, clock, signal }, plan, flags)
    if (output === 'yaml') print(manifestsText([plan.namespace, ...plan.definitions, plan.bootstrap]))
    if (dryRun === 'none') await untilRegistered(surroundings, client, plan, flags)
  })
}
