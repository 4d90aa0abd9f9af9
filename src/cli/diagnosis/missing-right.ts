/** A right that a service account lacks: in words, and as the commands that grant exactly this. Pure. */
import { andThen, kubectl, type Target } from '../command-line.ts'
import type { MissingRight } from './rights.ts'

/** What the account may not do: the predicate of a sentence. */
export function inWords({ verbs, resource, group, name, namespace }: MissingRight): string {
  const kind = group === '' ? resource : `${resource}.${group}`
  const which = name === undefined ? '' : ` ${name}`
  const where = namespace === undefined ? '' : ` in ${namespace}`
  return `${verbs.join(', ')} ${kind}${which}${where}`
}

/** A role and its binding, both of this name; `account` is `namespace:name`. */
export function grant(right: MissingRight, name: string, to: { account: string; target: Target }): string {
  const { namespace } = right
  const role = namespace === undefined ? 'clusterrole' : 'role'
  // Names of cluster-wide objects are shared by all releases.
  const unique = namespace === undefined ? `${name}-${to.account.replace(':', '-')}` : name
  const place = namespace === undefined ? [] : ['-n', namespace]
  const only = right.name === undefined ? [] : ['--resource-name', right.name]
  const rule = ['--verb', right.verbs.join(','), '--resource', resourceArgument(right), ...only]
  return andThen(
    kubectl(to.target, 'create', role, unique, ...rule, ...place),
    kubectl(
      to.target,
      'create',
      `${role}binding`,
      unique,
      `--${role}`,
      unique,
      '--serviceaccount',
      to.account,
      ...place,
    ),
  )
}

/** kubectl wants the group between a resource and its subresource: `clusters.example.com/status`. */
function resourceArgument({ resource, group }: MissingRight): string {
  const [plural = '', subresource] = resource.split('/')
  const kind = group === '' ? plural : `${plural}.${group}`
  return subresource === undefined ? kind : `${kind}/${subresource}`
}
