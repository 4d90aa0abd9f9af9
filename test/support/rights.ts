/** What a service account may do, by the rules that the API server has stored, and what it has done, by its audit log. */
import type { KubeObject } from '../../src/kube/objects.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import { kubectl } from './kubectl.ts'

/** One verb on one resource; empty where it holds for every namespace or name. */
export interface Right {
  readonly namespace: string
  readonly group: string
  /** With the subresource, like `clusters/status`. */
  readonly resource: string
  readonly name: string
  readonly verb: string
}

interface RoleObject extends KubeObject {
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly resourceNames?: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

interface Binding extends KubeObject {
  readonly roleRef: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly name: string; readonly namespace?: string }[]
}

/** Every right that is bound to the service account itself. */
export async function rightsOf(
  controlPlane: ClusterAccess,
  account: { namespace: string; name: string },
): Promise<readonly Right[]> {
  const text = await kubectl(controlPlane, [
    'get',
    'roles,clusterroles,rolebindings,clusterrolebindings',
    '--all-namespaces',
    '-o',
    'json',
  ])
  const { items } = JSON.parse(text) as { items: KubeObject[] }
  const isOurs = ({ subjects = [] }: Binding) =>
    subjects.some(({ name, namespace }) => name === account.name && namespace === account.namespace)
  const bindings = items.filter(({ kind }) => kind?.endsWith('Binding')) as Binding[]
  return bindings.filter(isOurs).flatMap(({ metadata: { namespace = '' }, roleRef }) => {
    const role = items.find(
      ({ kind, metadata }) =>
        kind === roleRef.kind && metadata.name === roleRef.name && (metadata.namespace ?? '') === namespace,
    ) as RoleObject
    return role.rules.flatMap((rule) => expand(rule, namespace))
  })
}

function expand(rule: RoleObject['rules'][number], namespace: string): Right[] {
  return rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      (rule.resourceNames ?? ['']).flatMap((name) =>
        rule.verbs.map((verb) => ({ namespace, group, resource, name, verb })),
      ),
    ),
  )
}

/** What a request asked for. An apply that creates needs both verbs. */
export function asked(event: AuditEvent): readonly Right[] {
  const { namespace, group, name } = event
  const resource = event.subresource === '' ? event.resource : `${event.resource}/${event.subresource}`
  const verbs = event.verb === 'patch' && event.responseCode === 201 ? ['patch', 'create'] : [event.verb]
  return verbs.map((verb) => ({ namespace, group, resource, name, verb }))
}

/** Whether the right allows what was asked. */
export function covers(right: Right, request: Right): boolean {
  return (
    right.verb === request.verb &&
    right.resource === request.resource &&
    right.group === request.group &&
    ['', request.namespace].includes(right.namespace) &&
    ['', request.name].includes(right.name)
  )
}

/** `patch secrets/mc-identity in kasten-io` */
export function formatRight({ namespace, group, resource, name, verb }: Right): string {
  const kind = group === '' ? resource : `${resource}.${group}`
  return `${verb} ${kind}${name === '' ? '' : ` ${name}`} in ${namespace === '' ? 'every namespace' : namespace}`
}
