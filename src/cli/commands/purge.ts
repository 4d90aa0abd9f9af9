/** `purge`: takes all of conjoin off a cluster, on either side, but for the operator's own installation. */
import { Command } from 'commander'
import { mcClusterInfoName } from '../../api/mc-cluster-info.ts'
import { secretKind } from '../../kube/objects.ts'
import { createChanges } from '../changes.ts'
import { findPlaces } from '../diagnosis/gather/places.ts'
import { createReader } from '../diagnosis/gather/reader.ts'
import { misuse } from '../errors.ts'
import { clusterFlags, type DryRun, dryRunFlag, timeoutFlag } from '../flags.ts'
import { leaveAndWait } from '../leaving.ts'
import { onCluster } from '../on-cluster.ts'
import { type PlaceFlags, placeFlags, placesOf } from '../place-flags.ts'
import { carryOut } from '../purge/carry-out.ts'
import { takeInventory } from '../purge/inventory.ts'
import { planPurge } from '../purge/plan.ts'
import type { Surroundings } from '../surroundings.ts'

interface Flags extends PlaceFlags {
  readonly yes?: boolean
  readonly dryRun: DryRun
  readonly timeout: number
}

export function purgeCommand(surroundings: Surroundings): Command {
  const command = new Command('purge')
    .description('disconnect every cluster and delete all that conjoin has made on this one')
    .option('--yes', 'do it; without it only --dry-run is allowed')
  timeoutFlag(dryRunFlag(clusterFlags(placeFlags(command))), '2m')
  return command.action(async (flags: Flags) => purge(surroundings, flags))
}

async function purge(surroundings: Surroundings, flags: Flags): Promise<void> {
  const { print, say, clock, signal } = surroundings
  const { dryRun, timeout } = flags
  const isDry = dryRun !== 'none'
  if (!flags.yes && !isDry)
    throw misuse('this deletes every membership; look at --dry-run first, then add --yes', 'purge')
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const changes = createChanges({ client, print, dryRun })
    const places = await findPlaces(createReader(client), placesOf(flags))
    const info = await client.get(secretKind, { namespace: places.secondary, name: mcClusterInfoName })
    if (info !== undefined && !isDry)
      await leaveAndWait(surroundings, { client, changes, target: flags }, info, timeout)
    const plan = planPurge(await takeInventory(client, places))
    await carryOut({ client, changes, target: flags, isDry, clock, signal }, plan, timeout)
    for (const kept of plan.kept) say(kept)
    if (plan.stages.length === 0) return say('there is nothing of conjoin on this cluster')
    if (!isDry)
      say(
        'the operator stays; while it runs it writes its key back, so uninstall it too:\n  helm list --all-namespaces --filter conjoin',
      )
  })
}
