/** The Deployment of a role, as the chart makes it or as somebody has changed it: what of it a diagnosis looks at. */
import type { Kind, KubeObject } from '../../../kube/objects.ts'
import type { DeploymentView } from '../observation.ts'

interface Container {
  readonly args?: readonly string[]
  readonly envFrom?: readonly object[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
}

export interface Deployment extends KubeObject {
  spec?: {
    replicas?: number
    template?: { spec?: { serviceAccountName?: string; containers?: readonly Container[] } }
  }
  status?: { readyReplicas?: number }
}

export const deploymentKind: Kind<Deployment> = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
}

export function viewDeployment({ metadata, spec, status }: Deployment): DeploymentView {
  const containers = containersOf(spec)
  const disabledArgument = findDisabled(containers)
  // A flag goes over its environment twin.
  const isEnabled = argumentIn(containers, 'multicluster') ?? valueIn(containers, 'CONJOIN_MULTICLUSTER')
  return {
    name: metadata.name,
    replicas: spec?.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    isDisabled: isEnabled === 'false',
    disabledArgument,
    noProxy:
      valueIn(containers, 'NO_PROXY') ?? (containers.some(({ envFrom }) => envFrom !== undefined) ? undefined : ''),
  }
}

/** The value of `--name=value` among the arguments; undefined where it is not there. */
export function argumentOf(deployment: Deployment, name: string): string | undefined {
  return argumentIn(containersOf(deployment.spec), name)
}

function argumentIn(containers: readonly Container[], name: string): string | undefined {
  const start = `--${name}=`
  const argument = containers.flatMap(({ args = [] }) => args).find((text) => text.startsWith(start))
  return argument?.slice(start.length)
}

function containersOf(spec: Deployment['spec']): readonly Container[] {
  return spec?.template?.spec?.containers ?? []
}

function findDisabled(containers: readonly Container[]): DeploymentView['disabledArgument'] {
  for (const [container, { args = [] }] of containers.entries()) {
    const index = args.indexOf('--multicluster=false')
    if (index >= 0) return { container, index }
  }
  return undefined
}

function valueIn(containers: readonly Container[], name: string): string | undefined {
  return containers.flatMap(({ env = [] }) => env).find((variable) => variable.name === name)?.value
}
