/** In which namespaces to look: those that the user names, else those of the deployments that are there, else the usual. */
import { valueOf } from '../observation.ts'
import { argumentOf, type Deployment, deploymentKind } from './deployment.ts'
import type { Reader } from './reader.ts'

export interface Places {
  /** Of Bootstraps, Clusters and join tokens. */
  readonly primary: string
  /** Of the primary's process, its key and its lease. */
  readonly operator: string
  /** Of `mc-join` and of the secondary's process. */
  readonly secondary: string
}

/** The chart's defaults. */
export const usualPlaces: Places = { primary: 'kasten-io-mc', operator: 'conjoin-system', secondary: 'kasten-io' }

/** Throws `KubeApiError`. */
export async function findPlaces(reader: Reader, named: Partial<Places>): Promise<Places> {
  const deployments = await reader.list(deploymentKind, { labelSelector: 'app.kubernetes.io/name=conjoin' })
  const of = (role: string): Deployment | undefined =>
    valueOf(deployments)?.find(({ metadata }) => metadata.labels?.['app.kubernetes.io/component'] === role)
  const primary = of('primary')
  return {
    primary: named.primary ?? (primary && argumentOf(primary, 'namespace')) ?? usualPlaces.primary,
    operator: named.operator ?? primary?.metadata.namespace ?? usualPlaces.operator,
    secondary: named.secondary ?? of('secondary')?.metadata.namespace ?? usualPlaces.secondary,
  }
}
