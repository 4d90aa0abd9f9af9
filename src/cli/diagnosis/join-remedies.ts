/**
 * What to run for each thing that `mc-join-status` can say, or that a heartbeat failed with. Pure: the sentences are
 * those of the protocol's table, here are only the commands that belong to them.
 */
import { generatedName } from '../../api/cluster-name.ts'
import { parseEndpoint } from '../../api/endpoint.ts'
import { annotations } from '../../api/group.ts'
import { mcIdentityName } from '../../api/mc-identity.ts'
import { mcJoinConfigName, mcJoinName } from '../../api/mc-join.ts'
import { formatTimestamp } from '../../api/timestamp.ts'
import { suggestName } from '../../primary/join/admission.decide.ts'
import type { ErrorCode } from '../../protocol/errors.ts'
import { andThen, into, kubectl, type Target } from '../command-line.ts'
import { type Observation, valueOf } from './observation.ts'
import type { Step } from './report.ts'

/** The cluster that was looked at, and its primary as far as the user has named it. */
export interface Targets {
  readonly here: Target
  readonly primary: Target
}

export interface JoinFault {
  readonly seen: Observation
  readonly targets: Targets
  /** As it stands in the status. */
  readonly msg: string
}

type Remedy = (fault: JoinFault) => Step

/** By code. What is not in here is tried again by itself. */
const remedies: Readonly<Partial<Record<ErrorCode | 'WaitingForConfig', Remedy>>> = {
  TokenInvalid: newToken, // revoked, or of another primary: only its primary makes another
  TokenExpired: newToken,
  TokenExhausted: newToken,
  TokenScope: newToken,
  TokenMalformed: newToken,
  TokenChecksum: newToken,
  Disconnected: newToken, // the administrator wanted it so: a join anew takes a token that is valid
  Left: newToken,
  UnknownCluster: newToken,
  NameTaken: anotherName,
  NameInvalid: (fault) => setConfig(fault, { 'cluster-name': madeName(fault) }),
  KeyMismatch: allowKey,
  CloneSuspected: newKey,
  SelfJoin: dropMcJoin,
  RoleConflict: dropMcJoin,
  Denied: (fault) => approve(fault, { again: true }), // the refusal was final for this content
  PendingApproval: (fault) => approve(fault, { again: false }),
  EndpointInvalid: mendEndpoint,
  InsecureEndpoint: (fault) => ({
    does: 'this allows it: the join token names the primary by its key, so that nobody else can pose as it',
    ...setConfig(fault, { 'allow-insecure-primary-ingress': 'true' }),
  }),
  TlsUntrusted: (fault) => ({
    does: 'this goes without: the join token names the primary by its key, so that nobody else can pose as it',
    ...setConfig(fault, { 'allow-untrusted-primary-tls': 'true' }),
  }),
  ProxyError: bypassProxy,
  PrimaryKeyMismatch: endpointOfToken,
  WaitingForConfig: (fault) => setConfig(fault, {}),
  VersionTooOld: () => ({ command: 'kubectl conjoin version' }),
}

/** The command for a code, which may be one of a newer version. */
export function nextStep(code: string, fault: JoinFault): Step {
  const remedy = Object.hasOwn(remedies, code) ? remedies[code as keyof typeof remedies] : undefined
  return remedy === undefined ? tryNow(fault) : remedy(fault)
}

/** A join token made on the primary, and put into `mc-join` here. */
export function newToken({ seen, targets }: JoinFault): Step {
  const name = `join-${seen.now.toString(36)}`
  const place = ['-n', seen.primary.namespace]
  const manifest = ['--manifest', '--secondary-namespace', seen.secondary.namespace]
  return onPrimary(
    targets,
    andThen(
      kubectl(targets.primary, 'conjoin', 'token', 'create', name, ...place),
      into(
        kubectl(targets.primary, 'conjoin', 'token', 'show', name, ...manifest, ...place),
        kubectl(targets.here, 'apply', '-f', '-'),
      ),
    ),
  )
}

/** Where the primary has not been named, the command is for the context that kubectl uses there. */
function onPrimary({ primary }: Targets, command: string): Step {
  const isNamed = primary.context !== undefined || primary.kubeconfig !== undefined
  return { on: isNamed ? 'the primary' : 'the primary, which --primary-context would name', command }
}

/** A new value of `retry` is a new content: tried at once, also after a refusal. */
function tryNow({ seen, targets }: JoinFault): Step {
  const place = ['-n', seen.secondary.namespace]
  if (valueOf(seen.secondary.join) === undefined) return { command: kubectl(targets.here, 'conjoin', 'status') }
  const retry = `${annotations.retry}=${formatTimestamp(seen.now)}`
  return {
    does: 'this tries again at once',
    command: kubectl(targets.here, 'annotate', 'secret', mcJoinName, retry, '--overwrite', ...place),
  }
}

/** Keys of `mc-join-config`, which the user may not have made yet. */
function setConfig({ seen, targets }: JoinFault, data: Readonly<Record<string, string>>): Step {
  const place = ['-n', seen.secondary.namespace]
  const exists = valueOf(seen.secondary.hasConfig) === true
  const literals = Object.entries(data).map(([key, value]) => `--from-literal=${key}=${value}`)
  return {
    command: exists
      ? patch(targets.here, 'configmap', mcJoinConfigName, { data }, place)
      : kubectl(targets.here, 'create', 'configmap', mcJoinConfigName, ...literals, ...place),
  }
}

function patch(target: Target, kind: string, name: string, change: object, place: readonly string[]): string {
  return kubectl(target, 'patch', kind, name, '--type', 'merge', '-p', JSON.stringify(change), ...place)
}

function anotherName(fault: JoinFault): Step {
  const asked = valueOf(fault.seen.secondary.join)?.input.clusterName
  const uid = valueOf(fault.seen.uid)
  const name = asked === undefined || uid === undefined ? madeName(fault) : suggestName(asked, uid)
  return setConfig(fault, { 'cluster-name': name })
}

/** The name that the primary would make for a cluster that asks for none. */
function madeName({ seen }: JoinFault): string {
  return generatedName(valueOf(seen.uid) ?? '', 8)
}

/** Name and key in a refusal are the primary's word: only what can be one is taken from it. */
function allowKey(fault: JoinFault): Step {
  const { seen, targets, msg } = fault
  const registered = /registered as ([a-z0-9.-]{1,63}) with another key/.exec(msg)?.[1] ?? askedName(fault)
  const keyId = /\/allow-rebind=([A-Za-z0-9_-]{43})(?: |$)/.exec(msg)?.[1]
  const place = ['-n', seen.primary.namespace]
  const cluster = `clusters.dist.kio.kasten.io/${registered}`
  const letIn =
    keyId === undefined
      ? kubectl(targets.primary, 'delete', cluster, ...place)
      : kubectl(targets.primary, 'annotate', cluster, `${annotations.allowRebind}=${keyId}`, '--overwrite', ...place)
  return onPrimary(targets, andThen(letIn, tryNow(fault).command))
}

function askedName(fault: JoinFault): string {
  const { join, identity } = fault.seen.secondary
  return valueOf(identity)?.membership?.clusterName ?? valueOf(join)?.input.clusterName ?? madeName(fault)
}

/** Where the key of the other cluster has been moved aside already, this cluster has one of its own. */
function newKey(fault: JoinFault): Step {
  const { seen, targets } = fault
  const again = valueOf(seen.secondary.join) === undefined ? newToken(fault) : tryNow(fault)
  if (valueOf(seen.secondary.identity)?.hasKeyAside === true) return again
  const drop = kubectl(targets.here, 'delete', 'secret', mcIdentityName, '-n', seen.secondary.namespace)
  return { ...again, command: andThen(drop, again.command) }
}

function dropMcJoin({ seen, targets }: JoinFault): Step {
  return { command: kubectl(targets.here, 'delete', 'secret', mcJoinName, '-n', seen.secondary.namespace) }
}

function approve(fault: JoinFault, { again }: { again: boolean }): Step {
  const place = ['-n', fault.seen.primary.namespace]
  const command = kubectl(fault.targets.primary, 'conjoin', 'approve', askedName(fault), ...place)
  return onPrimary(fault.targets, again ? andThen(command, tryNow(fault).command) : command)
}

/** The token names the primary's own addresses, so that a bad one of the user's can go. */
function mendEndpoint(fault: JoinFault): Step {
  const { seen, targets } = fault
  const { input } = valueOf(seen.secondary.join) ?? {}
  const place = ['-n', seen.secondary.namespace]
  const faulty = Object.entries({
    'primary-ingress': input?.endpoints.primaryIngress,
    'cluster-ingress': input?.clusterIngress,
  }).flatMap(([key, url]) => (url === undefined || parseEndpoint(url).ok ? [] : [key]))
  if (faulty.length === 0) return endpointOfToken(fault)
  const data = Object.fromEntries(faulty.map((key) => [key, null]))
  return {
    does: `this removes ${faulty.join(' and ')}`,
    command: patch(targets.here, 'configmap', mcJoinConfigName, { data }, place),
  }
}

function endpointOfToken(fault: JoinFault): Step {
  const { seen, targets } = fault
  const join = valueOf(seen.secondary.join)
  const [endpoint] = join?.tokenEndpoints ?? []
  if (endpoint === undefined || endpoint === join?.input.endpoints.endpoint) return newToken(fault)
  const place = ['-n', seen.secondary.namespace]
  return {
    does: 'this takes the address that the token names',
    command: patch(targets.here, 'secret', mcJoinName, { stringData: { endpoint } }, place),
  }
}

/** The operator reads its proxies from the environment; what else sets that is not ours to override. */
function bypassProxy(fault: JoinFault): Step {
  const { seen, targets } = fault
  const { deployment: reading, namespace } = seen.secondary.operator
  const deployment = valueOf(reading)
  const host = hostOf(fault)
  if (deployment?.noProxy === undefined || host === undefined) return tryNow(fault)
  const noProxy = [deployment.noProxy, host].filter((part) => part !== '').join(',')
  const target = `deployment/${deployment.name}`
  return {
    does: 'this goes around the proxy',
    command: kubectl(targets.here, 'set', 'env', target, `NO_PROXY=${noProxy}`, '-n', namespace),
  }
}

function hostOf({ seen }: JoinFault): string | undefined {
  const { join, identity } = seen.secondary
  const { primaryIngress, endpoint } = valueOf(join)?.input.endpoints ?? {}
  const url = primaryIngress ?? endpoint ?? valueOf(identity)?.membership?.endpoint ?? valueOf(join)?.tokenEndpoints[0]
  return url !== undefined && URL.canParse(url) ? new URL(url).hostname : undefined
}
