/** `rotate member`: gives a secondary another key. The operator there makes it and tells the primary; this only follows. */
import { Command } from 'commander'
import { createChanges } from '../changes.ts'
import { type ClusterFlags, clusterFlags, type DryRun, dryRunFlag, secondaryNamespace, timeoutFlag } from '../flags.ts'
import { onCluster } from '../on-cluster.ts'
import { askForKey, followKey, memberSecrets } from '../rotating.ts'
import type { Surroundings } from '../surroundings.ts'

interface Flags extends ClusterFlags {
  readonly timeout: number
  readonly dryRun: DryRun
}

export function rotateMemberCommand(surroundings: Surroundings): Command {
  const command = new Command('member').description(
    'replace the key of this secondary, and wait until its primary has it',
  )
  timeoutFlag(dryRunFlag(clusterFlags(command, secondaryNamespace)), '60s')
  return command.action(async (flags: Flags) => run(surroundings, flags))
}

async function run(surroundings: Surroundings, flags: Flags): Promise<void> {
  const { print, say, clock } = surroundings
  const { dryRun, namespace = secondaryNamespace } = flags
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const { info, identity } = await memberSecrets(client, namespace)
    if (info === undefined || identity === undefined)
      return say(`there is no membership in ${namespace}: this cluster has joined nobody`)
    const value = await askForKey(createChanges({ client, print, dryRun }), info, clock.now())
    if (dryRun !== 'none') return
    await followKey(surroundings, client, {
      namespace,
      before: identity,
      value,
      target: flags,
      timeoutMs: flags.timeout,
    })
  })
}
