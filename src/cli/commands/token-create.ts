/** `token create`: asks a primary for a join token. One use and one day unless told otherwise; the token is not printed. */
import { Command, Option } from 'commander'
import { type Secret, secretKind } from '../../kube/objects.ts'
import { createChanges } from '../changes.ts'
import { kubectl } from '../command-line.ts'
import { misuse } from '../errors.ts'
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
import { randomTokenName, untilFilled } from '../issue-token.ts'
import { joinTokenManifest, type TokenWishes } from '../manifests.ts'
import { onCluster } from '../on-cluster.ts'
import { jsonText, yamlText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { withoutData } from '../token-text.ts'

interface Flags extends ClusterFlags, TokenWishes {
  readonly unlimited?: boolean
  readonly dryRun: DryRun
  readonly output?: OutputFormat
  readonly timeout: number
}

const usual = { expiresIn: '24h', maxUses: '1' } as const

export function tokenCreateCommand(surroundings: Surroundings): Command {
  const command = new Command('create')
    .description('create a join token: for one cluster and 24 hours, unless told otherwise')
    .argument('[name]', 'of the Secret; made up where it is left out')
    .option('--expires-in <duration>', `how long it can be used, like 30m or 7d (default: ${usual.expiresIn})`)
    .option('--max-uses <number>', `how many clusters may join with it (default: ${usual.maxUses})`)
    .option('--unlimited', 'any number of clusters, for ever')
    .option('--cluster-name <name>', 'the only name that may join with it')
    .option('--bound-uid <uid>', 'the only cluster that may join with it, by the UID of its namespace kube-system')
    .option('--labels <labels>', 'labels for the Clusters that it admits, like region=eu,tier=gold')
    .addOption(new Option('--approval <way>', 'whether every join waits for `approve`').choices(['manual']))
  outputFlag(dryRunFlag(clusterFlags(command, primaryNamespace)), ['json', 'yaml', 'name'])
  timeoutFlag(command, '30s')
  return command.action(async (name: string | undefined, flags: Flags) => create(surroundings, name, flags))
}

async function create(surroundings: Surroundings, name: string | undefined, flags: Flags): Promise<void> {
  const { clock, print, say } = surroundings
  const { dryRun, output, namespace = primaryNamespace } = flags
  const key = { name: name ?? randomTokenName(), namespace }
  const manifest = joinTokenManifest(key, wishesOf(flags), clock.now())
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const created = await createChanges({ client, print, dryRun, output }).create(secretKind, manifest)
    if (dryRun !== 'none') return printSecret(surroundings, created, output)
    const filled = await untilFilled(surroundings, client, created, {
      target: flags,
      timeoutMs: flags.timeout,
      isKept: true,
    })
    printSecret(surroundings, filled, output)
    say(
      `what a secondary needs: ${kubectl(flags, 'conjoin', 'token', 'show', key.name, '--manifest', '-n', namespace)}`,
    )
  })
}

function wishesOf(flags: Flags): TokenWishes {
  if (!flags.unlimited)
    return { ...flags, expiresIn: flags.expiresIn ?? usual.expiresIn, maxUses: flags.maxUses ?? usual.maxUses }
  if (flags.expiresIn === undefined && flags.maxUses === undefined) return flags
  throw misuse('--unlimited leaves no room for --expires-in or --max-uses', 'token create')
}

function printSecret({ print }: Surroundings, secret: Secret, output: OutputFormat | undefined): void {
  if (output === 'json') print(jsonText(withoutData(secret)))
  if (output === 'yaml') print(yamlText(withoutData(secret)))
}
