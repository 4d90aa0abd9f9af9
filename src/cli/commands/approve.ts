/** `approve`: an administrator's word on clusters that wait for it. Owns nothing but `spec.approved`. */
import { Command } from 'commander'
import type { Cluster } from '../../api/cluster.ts'
import { createChanges } from '../changes.ts'
import { ready } from '../cluster-text.ts'
import { readCluster } from '../find-cluster.ts'
import { type ClusterFlags, clusterFlags, type DryRun, dryRunFlag, primaryNamespace } from '../flags.ts'
import { clusters } from '../kinds.ts'
import { onCluster } from '../on-cluster.ts'
import type { Surroundings } from '../surroundings.ts'

interface Flags extends ClusterFlags {
  readonly deny?: boolean
  readonly dryRun: DryRun
}

export function approveCommand(surroundings: Surroundings): Command {
  const command = new Command('approve')
    .description('let clusters join that wait for approval, or deny it')
    .argument('<name...>', 'of the Clusters')
    .option('--deny', 'refuse the join instead')
  return dryRunFlag(clusterFlags(command, primaryNamespace)).action(async (names: readonly string[], flags: Flags) =>
    approve(surroundings, names, flags),
  )
}

async function approve({ print, say, ...surroundings }: Surroundings, names: readonly string[], flags: Flags) {
  const { dryRun, namespace = primaryNamespace } = flags
  const approved = !flags.deny
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const changes = createChanges({ client, print, dryRun })
    for (const name of names) {
      const key = { namespace, name }
      const cluster = await readCluster(client, key, flags)
      if (!needsWord(cluster, approved)) {
        say(`${name}: ${ready(cluster).reason}`)
        changes.unchanged(clusters, name)
        continue
      }
      // With the uid it cannot be another Cluster that has taken the name in between.
      const patch = { metadata: { uid: cluster.metadata.uid }, spec: { approved } }
      await changes.patch(clusters, key, patch, approved ? 'approved' : 'denied')
    }
  })
}

/** To deny a member is left to the API server, which refuses it and says what to do instead. */
function needsWord({ spec, status }: Cluster, approved: boolean): boolean {
  if (spec.approved === approved) return false
  const isJoined = status?.conditions?.some(({ type, status }) => type === 'Joined' && status === 'True')
  return !approved || !isJoined
}
