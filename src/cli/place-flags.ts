/** The flags that say in which namespaces to look, for commands that look at both sides of a cluster. */
import type { Command } from 'commander'
import { type Places, usualPlaces } from './diagnosis/gather/places.ts'
import type { ClusterFlags } from './flags.ts'

export interface PlaceFlags extends ClusterFlags {
  readonly primaryNamespace?: string
  readonly operatorNamespace?: string
  readonly secondaryNamespace?: string
}

export function placeFlags(command: Command): Command {
  return command
    .option('--primary-namespace <name>', `of Clusters and join tokens (default: ${usualPlaces.primary})`)
    .option('--operator-namespace <name>', `of the primary's operator (default: ${usualPlaces.operator})`)
    .option('--secondary-namespace <name>', `of mc-join (default: ${usualPlaces.secondary})`)
}

/** `--namespace` is where conjoin's objects are, whichever role this cluster has. */
export function placesOf({ namespace, ...flags }: PlaceFlags): Partial<Places> {
  const primary = flags.primaryNamespace ?? namespace
  const secondary = flags.secondaryNamespace ?? namespace
  return {
    ...(primary === undefined ? {} : { primary }),
    ...(flags.operatorNamespace === undefined ? {} : { operator: flags.operatorNamespace }),
    ...(secondary === undefined ? {} : { secondary }),
  }
}
