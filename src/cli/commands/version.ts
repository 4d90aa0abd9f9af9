/** `version`: of this program, of Kubernetes, and of the operators that this cluster knows of. */
import { Command } from 'commander'
import type { Cluster } from '../../api/cluster.ts'
import { KubeApiError } from '../../kube/errors.ts'
import { type ClusterFlags, clusterFlags, type OutputFormat, outputFlag, primaryNamespace } from '../flags.ts'
import { clusters } from '../kinds.ts'
import { onCluster } from '../on-cluster.ts'
import { jsonText, tableText, yamlText } from '../output.ts'
import type { Connection, Surroundings } from '../surroundings.ts'

interface Flags extends ClusterFlags {
  readonly client?: boolean
  readonly output?: OutputFormat
}

export interface Versions {
  readonly client: string
  readonly kubernetes?: string
  /** Of the clusters under this primary, as they last reported. */
  readonly operators?: readonly { readonly version: string; readonly clusters: readonly string[] }[]
}

export function versionCommand(surroundings: Surroundings): Command {
  const command = new Command('version')
    .description('print the version of this program, of Kubernetes, and of the operators')
    .option('--client', 'only that of this program')
  outputFlag(clusterFlags(command, primaryNamespace), ['json', 'yaml'])
  return command.action(async (flags: Flags) => {
    const client = surroundings.version
    const print = (versions: Versions) => surroundings.print(versionsText(versions, flags.output))
    if (flags.client) return print({ client })
    try {
      await onCluster(surroundings, flags, async (connection) =>
        print({
          client,
          kubernetes: await connection.serverVersion(),
          operators: await operators(connection, flags.namespace ?? primaryNamespace),
        }),
      )
    } catch (error) {
      // What is known without the cluster; kubectl does the same.
      print({ client })
      throw error
    }
  })
}

async function operators({ client }: Connection, namespace: string): Promise<NonNullable<Versions['operators']>> {
  try {
    return byVersion((await client.list(clusters, { namespace })).items)
  } catch (error) {
    // No primary, or none that this user may look at: the rest is worth printing.
    if (error instanceof KubeApiError && (error.status === 404 || error.status === 403)) return []
    throw error
  }
}

function byVersion(all: readonly Cluster[]): NonNullable<Versions['operators']> {
  const names = Map.groupBy(all, ({ status }) => status?.versions?.operator)
  return [...names].flatMap(([version, clusters]) =>
    version === undefined ? [] : [{ version, clusters: clusters.map(({ metadata }) => metadata.name) }],
  )
}

function versionsText(versions: Versions, format: OutputFormat | undefined): string {
  if (format === 'json') return jsonText(versions)
  if (format === 'yaml') return yamlText(versions)
  const { client, kubernetes, operators = [] } = versions
  const rows = [
    ['kubectl conjoin', client],
    ...(kubernetes === undefined ? [] : [['kubernetes', kubernetes]]),
    ...operators.map(({ version, clusters }) => [`operator on ${counted(clusters)}`, version]),
  ]
  return tableText(['PROGRAM', 'VERSION'], rows)
}

function counted(clusters: readonly string[]): string {
  return clusters.length === 1 ? (clusters[0] ?? '') : `${clusters.length} clusters`
}
