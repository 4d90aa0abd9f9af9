/** A Deployment of a secondary as an object only: a test starts its pod itself, as the object is at that moment. */
import type { Flags } from '../../tools/role-process.ts'
import type { Scene } from '../support/scene.ts'

export interface Container {
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
}

/** Stored as one with a ready pod. */
export async function createDeployment(scene: Scene, given: Partial<Container>): Promise<void> {
  const labels = { 'app.kubernetes.io/name': 'conjoin', 'app.kubernetes.io/component': 'secondary' }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'conjoin-secondary', labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: 'conjoin-secondary',
          containers: [{ name: 'conjoin', image: 'conjoin:test', args: ['secondary'], ...given }],
        },
      },
    },
  }
  await scene.onSecondary(['create', '-f', '-'], JSON.stringify(deployment))
  const ready = JSON.stringify({ status: { replicas: 1, readyReplicas: 1 } })
  await scene.onSecondary([
    'patch',
    'deployment/conjoin-secondary',
    '--subresource=status',
    '--type=merge',
    '-p',
    ready,
  ])
}

/** What the container of its pod is started with. */
export async function containerOptions(scene: Scene): Promise<{ flags: Flags; env: Flags }> {
  const path = '{.spec.template.spec.containers[0]}'
  const text = await scene.onSecondary(['get', 'deployment', 'conjoin-secondary', '-o', `jsonpath=${path}`])
  const { args, env } = JSON.parse(text) as Container
  const flags = args.slice(1).map((argument) => argument.slice('--'.length).split('=') as [string, string])
  return { flags: Object.fromEntries(flags), env: Object.fromEntries(env.map(({ name, value }) => [name, value])) }
}
