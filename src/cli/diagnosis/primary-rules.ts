/** What is wrong with a primary: its definitions, its key and its Bootstraps. Its Clusters and tokens are judged elsewhere. Pure. */
import type { Bootstrap, BootstrapEntryStatus } from '../../api/bootstrap.ts'
import { annotations, managedBy, managedByLabel } from '../../api/group.ts'
import { joinTokenType } from '../../api/join-token-secret.ts'
import { primaryIdentityName } from '../../api/primary-identity.ts'
import { formatTimestamp } from '../../api/timestamp.ts'
import { isMadeByJoin } from '../../primary/bootstrap/precedence.ts'
import { andThen, kubectl, type Target } from '../command-line.ts'
import { judgeClusters } from './cluster-rules.ts'
import { type DefinitionView, isAbsent, type Observation, valueOf } from './observation.ts'
import type { Finding } from './report.ts'
import { judgeTokens } from './token-rules.ts'

export interface PrimaryCase {
  readonly seen: Observation
  readonly target: Target
}

type Rule = (fault: PrimaryCase) => readonly Finding[]

/** Each says its own; together they are what is wrong. */
const rules: readonly Rule[] = [
  definitions, // without its kinds the operator does not start
  identity, // without its key the primary can prove nothing to anybody
  noBootstrap, // nobody has said yet that this is a primary
  bootstraps, // why Clusters are not registered
  judgeClusters, // who is not well
  judgeTokens, // with which token nobody can join
]

export function judgePrimary(fault: PrimaryCase): readonly Finding[] {
  return rules.flatMap((rule) => rule(fault))
}

function definitions({ seen, target }: PrimaryCase): readonly Finding[] {
  return (valueOf(seen.primary.definitions) ?? []).flatMap((definition) => judgeDefinition(definition, target))
}

function judgeDefinition({ name, state, objects }: DefinitionView, target: Target): readonly Finding[] {
  switch (state) {
    case 'ours':
      return []
    case 'missing':
      return [
        {
          severity: 'wrong',
          role: 'primary',
          code: 'DefinitionMissing',
          what: `the CustomResourceDefinition ${name} is missing, and the primary cannot start without it`,
          remedy: 'install it with the chart, or with kubectl conjoin init',
          next: { command: kubectl(target, 'conjoin', 'init', '--help') },
        },
      ]
    case 'foreign':
      return [foreignDefinition(name, objects, target)]
  }
}

/** Never to be deleted while it holds anything: the objects would go with it. */
function foreignDefinition(name: string, objects: number | undefined, target: Target): Finding {
  const isEmpty = objects === 0
  const holds = objects === undefined ? '' : `; it holds ${objects} objects`
  return {
    severity: 'wrong',
    role: 'primary',
    code: 'DefinitionForeign',
    what: `the CustomResourceDefinition ${name} belongs to another program: it has no label ${managedByLabel}=${managedBy}${holds}`,
    remedy: isEmpty
      ? 'conjoin cannot run beside that program; nothing is lost by deleting the definition, then install conjoin again'
      : 'conjoin cannot run beside that program: use another cluster, or see what it holds before you remove that program and its definition',
    next: {
      command: isEmpty
        ? kubectl(target, 'delete', 'crd', name)
        : kubectl(target, 'get', name, '--all-namespaces', '--show-labels'),
    },
  }
}

function identity({ seen, target }: PrimaryCase): readonly Finding[] {
  const { identity: reading, namespace, operator } = seen.primary
  const stored = valueOf(reading)
  if (stored === 'damaged')
    return [
      {
        severity: 'wrong',
        role: 'primary',
        code: 'IdentityDamaged',
        what: `the Secret ${primaryIdentityName} in ${operator.namespace} holds no signing key`,
        remedy: 'restore it from a backup; without one delete it, and every secondary has to join again',
        // Not as YAML: what it holds may be most of a key.
        next: { command: kubectl(target, 'describe', 'secret', primaryIdentityName, '-n', operator.namespace) },
      },
    ]
  if (!isLost(seen)) return []
  const place = ['-n', namespace]
  return [
    {
      severity: 'wrong',
      role: 'primary',
      code: 'IdentityLost',
      what: `the Secret ${primaryIdentityName} in ${operator.namespace}, the signing key of the primary, is gone while clusters or tokens rely on it`,
      remedy:
        'restore it from a backup, and all goes on. Only without a backup start anew: this disconnects all secondaries and revokes all join tokens',
      next: {
        command: andThen(
          kubectl(
            target,
            'delete',
            'clusters.dist.kio.kasten.io',
            '-l',
            'dist.kio.kasten.io/cluster-type=secondary',
            ...place,
          ),
          kubectl(target, 'delete', 'secrets', '--field-selector', `type=${joinTokenType}`, ...place),
        ),
      },
    },
  ]
}

/** The operator says so, or it cannot say anything: gone, while something was made with the key. */
function isLost({ primary }: Observation): boolean {
  const said = (valueOf(primary.bootstraps) ?? []).some((bootstrap) => readyOf(bootstrap)?.reason === 'IdentityLost')
  const isReliedOn =
    (valueOf(primary.clusters) ?? []).some((cluster) => cluster.spec.member !== undefined) ||
    (valueOf(primary.tokens) ?? []).some(({ metadata }) => metadata.annotations?.[annotations.tokenId] !== undefined)
  return primary.identity.kind === 'unread' ? said : isAbsent(primary.identity) && isReliedOn
}

function noBootstrap({ seen, target }: PrimaryCase): readonly Finding[] {
  const { bootstraps: reading, namespace } = seen.primary
  if (valueOf(reading)?.every(isMadeByJoin) !== true) return []
  return [
    {
      severity: 'wrong',
      role: 'primary',
      code: 'NoBootstrap',
      what: `there is no Bootstrap in the namespace ${namespace}: nobody has said what this primary is called and where it is reached`,
      remedy: 'create one, with kubectl conjoin init or by hand',
      next: { command: kubectl(target, 'conjoin', 'init', '--help') },
    },
  ]
}

function bootstraps({ seen, target }: PrimaryCase): readonly Finding[] {
  return (valueOf(seen.primary.bootstraps) ?? []).flatMap((bootstrap) => [
    ...notReady(bootstrap, target),
    ...(bootstrap.status?.clusters ?? []).flatMap((entry) => goneEntry(bootstrap, entry, seen.now, target)),
  ])
}

function notReady(bootstrap: Bootstrap, target: Target): readonly Finding[] {
  const ready = readyOf(bootstrap)
  // A lost key has a finding of its own.
  if (ready === undefined || ready.status === 'True' || ready.reason === 'IdentityLost') return []
  const { name, namespace = '' } = bootstrap.metadata
  return [
    {
      severity: 'wrong',
      role: 'primary',
      code: ready.reason,
      what: `the Bootstrap ${name} is not ready: ${ready.message}`,
      remedy: 'correct it, and it is looked at again at once',
      next: { command: kubectl(target, 'get', 'bootstraps.dist.kio.kasten.io', name, '-n', namespace, '-o', 'yaml') },
    },
  ]
}

function goneEntry(
  { metadata: { name, namespace = '' } }: Bootstrap,
  { key, name: cluster, message }: BootstrapEntryStatus,
  now: number,
  target: Target,
): readonly Finding[] {
  if (!message.startsWith('Disconnected: ')) return []
  const anew = `${annotations.register}=${formatTimestamp(now)}`
  const object = `bootstraps.dist.kio.kasten.io/${name}`
  return [
    {
      severity: 'note',
      role: 'primary',
      code: 'Disconnected',
      what: `the entry ${key} of the Bootstrap ${name} names ${cluster}, whose Cluster was deleted`,
      remedy: 'remove the entry, or register it anew',
      next: { command: kubectl(target, 'annotate', object, anew, '--overwrite', '-n', namespace) },
    },
  ]
}

function readyOf(bootstrap: Bootstrap) {
  return bootstrap.status?.conditions?.find(({ type }) => type === 'Ready')
}
