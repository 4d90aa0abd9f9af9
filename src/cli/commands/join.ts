/**
 * `join`: lets one cluster join another, from the outside: a token made for it alone on the primary, `mc-join` on the
 * secondary, and the wait for what the operators make of it.
 */
import { Command } from 'commander'
import { isClusterName } from '../../api/cluster-name.ts'
import { parseEndpoint } from '../../api/endpoint.ts'
import type { Target } from '../command-line.ts'
import { misuse } from '../errors.ts'
import {
  clusterFlags,
  type DryRun,
  dryRunFlag,
  type OutputFormat,
  outputFlag,
  primaryNamespace,
  secondaryNamespace,
  timeoutFlag,
} from '../flags.ts'
import { joinClusters } from '../join/join.ts'
import { onCluster } from '../on-cluster.ts'
import type { Surroundings } from '../surroundings.ts'

interface Flags {
  readonly primaryKubeconfig?: string
  readonly primaryContext?: string
  readonly primaryNamespace: string
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
  readonly name?: string
  readonly ingress?: string
  readonly token?: string
  readonly output?: Extract<OutputFormat, 'yaml'>
  readonly dryRun: DryRun
  readonly timeout: number
}

export function joinCommand(surroundings: Surroundings): Command {
  const command = new Command('join')
    .description('let a cluster join a primary, and wait until it has')
    .option('--primary-context <name>', 'context of the primary')
    .option('--primary-kubeconfig <file>', 'kubeconfig of the primary, where it is another one')
    .option('--primary-namespace <name>', 'namespace of its Clusters', primaryNamespace)
    .option('--name <name>', 'of the joining cluster; left out: the primary makes one')
    .option('--ingress <url>', 'where the joining cluster is reached')
    .option('--token <name>', 'join token on the primary to use; left out: one is made for this cluster alone')
  outputFlag(dryRunFlag(clusterFlags(command, secondaryNamespace)), ['yaml'])
  timeoutFlag(command, '2m')
  return command
    .addHelpText(
      'after',
      `
With -o yaml nothing is written on the secondary, and both Secrets are printed; the second one holds
the token. It is made on the primary for that: a token exists only once the primary has issued it.`,
    )
    .action(async (flags: Flags) => join(surroundings, flags))
}

async function join(surroundings: Surroundings, flags: Flags): Promise<void> {
  const { name, ingress, kubeconfig, context } = flags
  const primary: Target = { kubeconfig: flags.primaryKubeconfig ?? kubeconfig, context: flags.primaryContext }
  const secondary: Target = { kubeconfig, context }
  if (primary.context === context && primary.kubeconfig === kubeconfig)
    throw misuse('--primary-context and --context name the same cluster; set both, or both kubeconfigs', 'join')
  if (name !== undefined && !isClusterName(name))
    throw misuse('--name is not an RFC 1123 subdomain of at most 63 characters', 'join')
  const endpoint = ingress === undefined ? undefined : parseEndpoint(ingress)
  if (endpoint?.ok === false) throw misuse(`--ingress ${endpoint.fault}`, 'join')

  const isPrinted = flags.output === 'yaml'
  const { dryRun } = flags
  if (isPrinted && dryRun !== 'none')
    throw misuse('-o yaml prints what an issued token holds; leave --dry-run out', 'join')

  const withoutEffect = dryRun === 'server'
  await onCluster(surroundings, { ...primary, withoutEffect }, async (onPrimary) =>
    onCluster(surroundings, { ...secondary, withoutEffect }, async (onSecondary) =>
      joinClusters(
        {
          surroundings,
          primary: { client: onPrimary.client, target: primary, namespace: flags.primaryNamespace },
          secondary: {
            client: onSecondary.client,
            target: secondary,
            namespace: flags.namespace ?? secondaryNamespace,
          },
        },
        { name, ingress, token: flags.token, isPrinted, dryRun, timeoutMs: flags.timeout },
      ),
    ),
  )
}
