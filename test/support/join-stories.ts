/**
 * How a join, and a membership, may end: what is asked for, and the state of both clusters that it must lead to, however it
 * was disturbed on the way. Reads what users could read, and both processes' own word that they have come to rest.
 */
import assert from 'node:assert/strict'
import type { Bootstrap } from '../../src/api/bootstrap.ts'
import type { Cluster } from '../../src/api/cluster.ts'
import { annotations, clusterInfoFinalizer, createdByLabel } from '../../src/api/group.ts'
import { decodeIdentity } from '../../src/api/mc-identity.ts'
import type { ConfigMap, KubeObject, Secret } from '../../src/kube/objects.ts'
import { type Tombstone, tombstonesIn } from '../../src/primary/cluster/tombstone.ts'
import { suggestName } from '../../src/primary/join/admission.decide.ts'
import { signingKeyFromPem } from '../../src/protocol/keys.ts'
import { list } from './api-objects.ts'
import { type DisturbableJoin, primaryName, tokenName } from './disturbable-join.ts'
import { plain } from './kubectl.ts'
import { handled, readiness } from './role-reports.ts'
import type { Scene } from './scene.ts'
import { until } from './until.ts'

export interface Story {
  /** As in `a join that is admitted`. */
  readonly title: string
  /** What has to be so before, undisturbed. */
  readonly prepare?: (join: DisturbableJoin) => Promise<void>
  /** What the user does: from here on it is disturbed. */
  readonly begin: (join: DisturbableJoin) => Promise<void>
  /** Resolves when what was begun, and disturbed, has been made good; where absent, the end alone shows it. */
  readonly settle?: (join: DisturbableJoin) => Promise<void>
  /** Seconds, where heartbeats are part of it. */
  readonly heartbeatInterval?: string
  readonly expected: (scene: Scene) => Outcome
}

/** What a join leaves behind, in words that are the same in every scene. */
interface Outcome {
  readonly secondaries: readonly object[]
  /** Finalizers of the primary's own Cluster. */
  readonly primaryIsHeldBy: readonly string[]
  /** Names of the Bootstraps that joins have made, and of the Clusters in them. */
  readonly records: readonly (readonly string[])[]
  readonly uses: string | undefined
  /** Whether the token's use belongs to the key that the secondary has now. */
  readonly isUsedByOwnKey: boolean
  /** UIDs of the clusters, and whether the primary knows that they have heard. */
  readonly tombstones: readonly Pick<Tombstone, 'uid' | 'isAcknowledged'>[]
  readonly status: { readonly status: string | undefined; readonly msg: string | undefined }
  readonly info: { readonly clusterName: string; readonly leadsToPrimary: boolean } | undefined
  /** Whether mc-identity holds the same membership as mc-cluster-info, or both hold none. */
  readonly isRepairable: boolean
  /** Everything in the two namespaces. */
  readonly onPrimary: readonly string[]
  readonly onSecondary: readonly string[]
}

/** Of the cluster that joins. */
export const clusterName = 'edge'

export const admitted: Story = {
  title: 'a join that is admitted',
  begin: async (join) => join.ask(clusterName),
  expected: (scene) => ({
    secondaries: [
      {
        name: clusterName,
        id: scene.secondaryCluster.kubeSystemUid,
        hasOwnKey: true,
        conditions: ['Joined=True/Joined', 'Healthy=True/Heartbeat', 'Ready=True/Joined'],
      },
    ],
    primaryIsHeldBy: [clusterInfoFinalizer],
    records: [[clusterName, clusterName]],
    uses: '1',
    isUsedByOwnKey: true,
    tombstones: [],
    status: { status: 'Joined', msg: '' },
    info: { clusterName, leadsToPrimary: true },
    isRepairable: true,
    onPrimary: [
      `Cluster ${clusterName}`,
      `Cluster ${primaryName}`,
      'Bootstrap bootstrap-primary',
      `Bootstrap ${clusterName}`,
      `Secret ${tokenName}`,
      'ConfigMap mc-tombstones',
    ],
    onSecondary: ['Secret mc-cluster-info', 'Secret mc-identity', 'Secret mc-join', 'Secret mc-join-status'],
  }),
}

export const refused: Story = {
  title: 'a join that is refused',
  begin: async (join) => join.ask(primaryName),
  expected: (scene) => ({
    secondaries: [],
    primaryIsHeldBy: [],
    records: [],
    uses: undefined,
    isUsedByOwnKey: false,
    tombstones: [],
    status: {
      status: 'Rejected',
      msg: `NameTaken: the name ${primaryName} belongs to another cluster; set another cluster-name in the ConfigMap mc-join-config, for example ${suggestName(primaryName, scene.secondaryCluster.kubeSystemUid)}`,
    },
    info: undefined,
    isRepairable: true,
    onPrimary: [
      `Cluster ${primaryName}`,
      'Bootstrap bootstrap-primary',
      `Secret ${tokenName}`,
      'ConfigMap mc-tombstones',
    ],
    onSecondary: ['Secret mc-identity', 'Secret mc-join', 'Secret mc-join-status'],
  }),
}

export const left: Story = {
  title: 'a member that leaves',
  async prepare(join) {
    await join.ask(clusterName)
    await assertEnd(join, admitted)
    // Only who has been a member for a few seconds may leave at the first try.
    const longAgo = { spec: { member: { since: '2020-01-01T00:00:00Z' } } }
    const cluster = `clusters.dist.kio.kasten.io/${clusterName}`
    await join.scene.onPrimary(['patch', cluster, '--type=merge', '-p', JSON.stringify(longAgo)])
    await assertEnd(join, admitted)
  },
  async begin({ scene }) {
    await scene.onSecondary(['annotate', 'secret', 'mc-cluster-info', `${annotations.leave}=now`])
  },
  expected: (scene) => ({
    secondaries: [],
    primaryIsHeldBy: [],
    records: [],
    uses: '1',
    isUsedByOwnKey: true,
    tombstones: [{ uid: scene.secondaryCluster.kubeSystemUid, isAcknowledged: true }],
    status: {
      status: 'Rejected',
      msg: `Left: ${clusterName} left ${primaryName}; to join again, put another join token into mc-join, or a new value into its annotation ${annotations.retry}`,
    },
    info: undefined,
    isRepairable: true,
    onPrimary: [
      `Cluster ${primaryName}`,
      'Bootstrap bootstrap-primary',
      `Secret ${tokenName}`,
      'ConfigMap mc-tombstones',
    ],
    onSecondary: ['Secret mc-identity', 'Secret mc-join', 'Secret mc-join-status'],
  }),
}

/** Waits until the story has come to its end, and asserts that it stays so when all is handled, and that all is well. */
export async function assertEnd(join: DisturbableJoin, story: Story): Promise<void> {
  const isAsExpected = async () => {
    const objects = await readObjects(join.scene)
    assert.deepEqual(outcomeOf(join, objects), story.expected(join.scene))
    return objects
  }
  const { onPrimary, onSecondary } = await until(`${story.title} comes to its end`, isAsExpected).catch(
    async (error: unknown) => {
      // Where it differs says more than that it took too long.
      await isAsExpected()
      throw error
    },
  )
  for (const object of onPrimary) {
    const controller = controllers[object.kind ?? '']
    if (controller !== undefined) await handled(join.role('primary'), controller, object)
  }
  await handled(join.role('secondary'), 'join', secretOf(onSecondary, 'mc-join'))
  await isAsExpected()
  for (const side of ['primary', 'secondary'] as const)
    await until(`the ${side} is ready`, async () => (await readiness(join.role(side))).status === 200)
}

/** Of the primary, by the kind that each of them handles. */
const controllers: Readonly<Record<string, string>> = {
  Cluster: 'cluster',
  Bootstrap: 'bootstrap',
  Secret: 'join-token',
}

interface Objects {
  readonly onPrimary: readonly KubeObject[]
  readonly onSecondary: readonly KubeObject[]
}

async function readObjects(scene: Scene): Promise<Objects> {
  const { primaryCluster, secondaryCluster, place, namespace } = scene
  const kinds = ['cluster', 'bootstrap', 'secret', 'configmap'] as const
  const [onPrimary, onSecondary] = await Promise.all([
    Promise.all(kinds.map(async (kind) => list(primaryCluster, place.namespace, kind))),
    Promise.all(kinds.slice(2).map(async (kind) => list(secondaryCluster, namespace, kind))),
  ])
  return { onPrimary: onPrimary.flat(), onSecondary: onSecondary.flat() }
}

function outcomeOf({ proxies }: DisturbableJoin, { onPrimary, onSecondary }: Objects): Outcome {
  const clusters = onPrimary.filter((object): object is Cluster => object.kind === 'Cluster')
  const bootstraps = onPrimary.filter((object): object is Bootstrap => object.kind === 'Bootstrap')
  const configMaps = onPrimary.filter((object): object is ConfigMap => object.kind === 'ConfigMap')
  const token = secretOf(onPrimary, tokenName)?.metadata.annotations ?? {}
  const identity = secretOf(onSecondary, 'mc-identity')
  const stored = identity && decodeIdentity(identity)
  const keyId = stored && signingKeyFromPem(stored.privateKey.reveal()).thumbprint
  const clusterInfo = secretOf(onSecondary, 'mc-cluster-info')
  const info = clusterInfo && plain(clusterInfo)
  const joinStatus = secretOf(onSecondary, 'mc-join-status')
  const { status, msg } = joinStatus === undefined ? {} : plain(joinStatus)
  return {
    secondaries: clusters
      .filter(({ spec }) => !spec.primary)
      .map(({ metadata, spec, status: state }) => ({
        name: metadata.name,
        id: state?.id,
        hasOwnKey: spec.member?.keyId === keyId,
        conditions: (state?.conditions ?? []).map(({ type, status: value, reason }) => `${type}=${value}/${reason}`),
      })),
    primaryIsHeldBy: clusters.find(({ spec }) => spec.primary)?.metadata.finalizers ?? [],
    records: bootstraps
      .filter(({ metadata }) => metadata.labels?.[createdByLabel] === 'join')
      .map(({ metadata, spec }) => [metadata.name, ...Object.values(spec.clusters).map(({ name }) => name)]),
    uses: token[annotations.uses],
    isUsedByOwnKey: keyId !== undefined && token[annotations.usedBy] === `${stored?.clusterUid}.${keyId}`,
    tombstones: configMaps.flatMap(tombstonesIn).map(({ uid, isAcknowledged }) => ({ uid, isAcknowledged })),
    status: { status, msg: msg?.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/, 'this time') },
    info: info && {
      clusterName: info['clusterName'] ?? '',
      leadsToPrimary: info['endpoint'] === proxies.wire.url,
    },
    isRepairable: stored?.joined?.token.reveal() === info?.['token'],
    onPrimary: onPrimary.map(nameOf),
    onSecondary: onSecondary.map(nameOf),
  }
}

function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`
}

function secretOf(objects: readonly KubeObject[], name: string): Secret | undefined {
  return objects.find((object): object is Secret => object.kind === 'Secret' && object.metadata.name === name)
}
