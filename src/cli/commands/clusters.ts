/** `clusters`: the clusters under a primary, whether each is ready, and when it was last heard of. */
import { Command } from 'commander'
import { sightingsLabel } from '../../api/group.ts'
import { readLastSeen } from '../../api/sightings.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isForbidden } from '../../kube/errors.ts'
import { configMapKind } from '../../kube/objects.ts'
import { usualPlaces } from '../diagnosis/gather/places.ts'
import { misuse } from '../errors.ts'
import { readCluster } from '../find-cluster.ts'
import { type ClusterFlags, clusterFlags, type OutputFormat, outputFlag, primaryNamespace } from '../flags.ts'
import { clusters as clusterKind } from '../kinds.ts'
import { onCluster } from '../on-cluster.ts'
import { jsonText, listOf, objectName, tableText, withoutManagers, yamlText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { clusterColumns, clusterRow, type TableOptions } from './clusters-table.ts'
import { type Rows, watchRows } from './clusters-watch.ts'

interface Flags extends ClusterFlags {
  readonly operatorNamespace: string
  readonly selector?: string
  readonly output?: OutputFormat
  readonly watch?: boolean
}

export function clustersCommand(surroundings: Surroundings): Command {
  const command = new Command('clusters')
    .argument('[name]', 'of one Cluster; all of them where it is left out')
    .description('list the clusters under a primary, and when each was last heard of')
    .option('-l, --selector <labels>', 'only those with these labels, like region=eu')
    .option('-w, --watch', 'go on, and print each row that changes')
    .option('--operator-namespace <name>', "of the primary's operator", usualPlaces.operator)
    .addHelpText('after', '\nA time with ≤ before it is the stored one: the cluster may have been heard since.')
  outputFlag(clusterFlags(command, primaryNamespace), ['wide', 'json', 'yaml', 'name'])
  return command.action(async (name: string | undefined, flags: Flags) => {
    if (name !== undefined && flags.selector !== undefined)
      throw misuse('a name and --selector exclude each other', 'clusters')
    if (flags.watch === true && !['wide', undefined].includes(flags.output))
      throw misuse('--watch prints rows: only -o wide goes with it', 'clusters')
    await onCluster(surroundings, flags, async ({ client }) => list(surroundings, client, { name, flags }))
  })
}

/** What is asked for. */
interface Asked {
  readonly name: string | undefined
  readonly flags: Flags
}

async function list(surroundings: Surroundings, client: KubeClient, asked: Asked): Promise<void> {
  const { print, say } = surroundings
  const { output, watch, namespace = primaryNamespace } = asked.flags
  const read = async () => readRows(surroundings, client, asked)
  if (watch === true) return watchRows(surroundings, read, output === 'wide')
  const { clusters, rows } = await read()
  switch (output) {
    case 'json':
      return print(jsonText(printed(asked, clusters)))
    case 'yaml':
      return print(yamlText(printed(asked, clusters)))
    case 'name':
      return print(clusters.map(({ metadata }) => `${objectName(clusterKind, metadata.name)}\n`).join(''))
    case 'wide':
    case undefined:
      if (clusters.length === 0) return say(`No clusters found in ${namespace} namespace.`)
      print(tableText(clusterColumns(output === 'wide'), rows))
  }
}

/** As with kubectl: who names one gets it by itself, and else a list. */
function printed({ name }: Asked, clusters: Rows['clusters']): object {
  const [only] = clusters
  return name === undefined || only === undefined ? listOf(clusters) : withoutManagers(only)
}

async function readRows({ clock }: Surroundings, client: KubeClient, { name, flags }: Asked): Promise<Rows> {
  const { namespace = primaryNamespace, selector, operatorNamespace, output } = flags
  const [items, lastSeen] = await Promise.all([
    name === undefined
      ? client.list(clusterKind, { namespace, labelSelector: selector }).then((list) => list.items)
      : readCluster(client, { namespace, name }, flags).then((cluster) => [cluster]),
    readSightings(client, operatorNamespace),
  ])
  const clusters = items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const options = { wide: output === 'wide', lastSeen, now: clock.now() }
  return { clusters, rows: clusters.map((cluster) => clusterRow(cluster, options)) }
}

/** Who may not read them sees the stored times. */
async function readSightings(client: KubeClient, namespace: string): Promise<TableOptions['lastSeen']> {
  try {
    return readLastSeen((await client.list(configMapKind, { namespace, labelSelector: sightingsLabel })).items)
  } catch (error) {
    if (isForbidden(error)) return () => undefined
    throw error
  }
}
