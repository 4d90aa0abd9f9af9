/** Waits until the operator has registered a new primary; where none runs, it says how to install one. */
import type { KubeClient } from '../../kube/client.ts'
import { ready } from '../cluster-text.ts'
import { kubectl } from '../command-line.ts'
import { CliError } from '../errors.ts'
import type { ClusterFlags } from '../flags.ts'
import { clusters } from '../kinds.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'
import { type PrimaryPlan, primaryOf } from './plan.ts'

/** An operator that runs has registered the Cluster long before. Milliseconds. */
const signOfLifeWithin = 5_000

/** Throws `CliError` where an operator runs and the Cluster does not become Ready in time. */
export async function untilRegistered(
  surroundings: Surroundings,
  client: KubeClient,
  { bootstrap }: PrimaryPlan,
  flags: ClusterFlags & { readonly timeout: number },
): Promise<void> {
  const { say } = surroundings
  const namespace = bootstrap.metadata.namespace ?? ''
  const name = primaryOf(bootstrap)?.name ?? ''
  const read = async () => client.get(clusters, { namespace, name })
  const firstWait = Math.min(signOfLifeWithin, flags.timeout)
  if ((await waitFor(surroundings, firstWait, read)) === undefined) {
    return say(
      `no operator has answered yet; where none is installed, install one:\n  ${installation(namespace, flags)}`,
    )
  }
  const registered = await waitFor(surroundings, flags.timeout, async () => {
    const cluster = await read()
    return cluster !== undefined && ready(cluster).status === 'True' ? cluster : undefined
  })
  if (registered !== undefined)
    return say(`${name} is the primary; next: ${kubectl(flags, 'conjoin', 'token', 'create', '-n', namespace)}`)
  const cluster = await read()
  const { reason, message } = cluster === undefined ? { reason: 'NotFound', message: 'it is gone' } : ready(cluster)
  throw new CliError(`the Cluster ${name} did not become Ready in ${flags.timeout / 1000} s: ${reason}: ${message}`, {
    next: kubectl(flags, 'conjoin', 'status'),
  })
}

/** The definitions are there already, and Helm takes over nothing that it has not made. */
function installation(namespace: string, { kubeconfig, context }: ClusterFlags): string {
  const words = ['helm install conjoin charts/conjoin --namespace conjoin-system --create-namespace \\\n   ']
  words.push(`--set primary.enabled=true,primary.namespace=${namespace},crds.install=false`)
  if (kubeconfig !== undefined) words.push(`--kubeconfig ${kubeconfig}`)
  if (context !== undefined) words.push(`--kube-context ${context}`)
  return words.join(' ')
}
