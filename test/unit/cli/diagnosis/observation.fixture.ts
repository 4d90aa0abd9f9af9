/** A cluster that is well in both of its roles; a test changes what it is about, and asks what is found. */
import assert from 'node:assert/strict'
import type { Cluster } from '../../../../src/api/cluster.ts'
import type { JoinInput } from '../../../../src/api/mc-join.ts'
import { diagnose } from '../../../../src/cli/diagnosis/diagnose.ts'
import type {
  JoinView,
  Observation,
  OperatorView,
  PrimaryView,
  Reading,
  SecondaryView,
  StatusView,
  TokenView,
} from '../../../../src/cli/diagnosis/observation.ts'
import type { Finding } from '../../../../src/cli/diagnosis/report.ts'
import type { RollView } from '../../../../src/cli/rolling.ts'

export const now = Date.parse('2030-01-31T12:00:00Z')
export const uid = '11111111-2222-3333-4444-555555555555'

export function seen<T>(value: T): Reading<T> {
  return { kind: 'read', value }
}

export const unread = { kind: 'unread' } as const
export const nothing = seen(undefined)

export function operator(role: OperatorView['role'], changes: Partial<OperatorView> = {}): OperatorView {
  return {
    role,
    namespace: role === 'primary' ? 'conjoin-system' : 'kasten-io',
    deployment: seen({
      name: `conjoin-${role}`,
      replicas: 1,
      ready: 1,
      isDisabled: false,
      disabledArgument: undefined,
      noProxy: '',
    }),
    account: { name: `conjoin-${role}`, exists: seen(true) },
    lease: seen({ holder: `conjoin-${role}-0`, renewedAt: now - 1_000, isRenewed: true }),
    missingRights: seen([]),
    ...changes,
  }
}

export function primary(changes: Partial<PrimaryView> = {}): PrimaryView {
  return {
    namespace: 'kasten-io-mc',
    operator: operator('primary'),
    definitions: seen([
      { name: 'bootstraps.dist.kio.kasten.io', state: 'ours' },
      { name: 'clusters.dist.kio.kasten.io', state: 'ours' },
    ]),
    bootstraps: seen([bootstrap('True', 'Registered', 'every entry is registered')]),
    clusters: seen([cluster('primary-cluster-1', [['Ready', 'True', 'Primary', 'this cluster is the primary']])]),
    tokens: seen([]),
    identity: seen(keys),
    warnings: seen([]),
    ...changes,
  }
}

/** Of a primary whose signing key has never changed. */
export const keys: RollView = {
  current: 'kid-1',
  next: undefined,
  retired: [],
  announcedAt: undefined,
  rotated: undefined,
}

export function bootstrap(status: 'True' | 'False', reason: string, message: string) {
  return {
    apiVersion: 'dist.kio.kasten.io/v1alpha1',
    kind: 'Bootstrap',
    metadata: { name: 'bootstrap-primary', namespace: 'kasten-io-mc' },
    spec: { clusters: {} },
    status: { conditions: [{ type: 'Ready', status, reason, message, lastTransitionTime: '2030-01-01T00:00:00Z' }] },
  } as const
}

type Told = readonly [type: string, status: 'True' | 'False' | 'Unknown', reason: string, message: string]

export function cluster(name: string, conditions: readonly Told[]): Cluster {
  return {
    apiVersion: 'dist.kio.kasten.io/v1alpha1',
    kind: 'Cluster',
    metadata: { name, namespace: 'kasten-io-mc' },
    spec: { primary: name.startsWith('primary'), k10: { namespace: 'kasten-io', releaseName: 'k10' } },
    status: {
      conditions: conditions.map(([type, status, reason, message]) => ({
        type,
        status,
        reason,
        message,
        lastTransitionTime: '2030-01-01T00:00:00Z',
      })),
    },
  }
}

/** A filled token, with these annotations of ours; made an hour ago. */
export function token(annotations: Readonly<Record<string, string>> = {}, isFilled = true): TokenView {
  const own = Object.entries(annotations).map(([key, value]) => [`dist.kio.kasten.io/${key}`, value])
  return {
    name: 'join-token',
    metadata: {
      name: 'join-token',
      creationTimestamp: new Date(now - 3_600_000).toISOString(),
      annotations: Object.fromEntries(own) as Record<string, string>,
    },
    isFilled,
  }
}

export function secondary(changes: Partial<SecondaryView> = {}): SecondaryView {
  return {
    namespace: 'kasten-io',
    operator: operator('secondary'),
    join: seen(join()),
    hasConfig: seen(false),
    status: seen(status('Joined', '')),
    hasClusterInfo: seen(true),
    identity: nothing,
    foreign: [],
    warnings: seen([]),
    ...changes,
  }
}

export function join(input: Partial<JoinInput> = {}): JoinView {
  return {
    input: {
      dialect: 'first',
      endpoints: { endpoint: 'https://primary.example.com/k10' },
      clusterName: 'east',
      allowInsecurePrimaryIngress: false,
      allowUntrustedPrimaryTls: false,
      waitingForConfig: false,
      doubleEncoded: [],
      ...input,
    },
    hash: 'this',
    tokenEndpoints: ['https://primary.example.com/k10'],
    createdAt: now - 3_600_000,
  }
}

/** About the present content of `mc-join`. */
export function status(word: StatusView['status'], msg: string, annotations: Readonly<Record<string, string>> = {}) {
  const own = Object.entries(annotations).map(([key, value]) => [`dist.kio.kasten.io/${key}`, value])
  const stored = Object.fromEntries(own) as Record<string, string>
  return { status: word, msg, timestamp: '2030-01-31T11:00:00Z', hash: 'this', annotations: stored }
}

export function observation(changes: Partial<Observation> = {}): Observation {
  return { now, skew: 0, uid: seen(uid), primary: primary(), secondary: secondary(), unread: [], ...changes }
}

export const targets = { here: { context: 'here' }, primary: { context: 'hub' } }

/** `severity code` of each finding. */
export function codes(seenNow: Observation): readonly string[] {
  return diagnose(seenNow, targets).findings.map(({ severity, code }) => `${severity} ${code}`)
}

/** The one finding. */
export function only(seenNow: Observation): Finding {
  const [finding, ...more] = diagnose(seenNow, targets).findings
  assert.ok(finding !== undefined && more.length === 0, JSON.stringify([finding, ...more]))
  return finding
}
