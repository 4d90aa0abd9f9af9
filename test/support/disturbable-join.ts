/**
 * A scene in which every way can be disturbed: both processes reach their API servers, and the secondary its primary,
 * through proxies. Prepares a join with a token of three uses, and reads from both sides what has come of it.
 */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import type { Bootstrap } from '../../src/api/bootstrap.ts'
import type { Cluster } from '../../src/api/cluster.ts'
import { annotations, createdByLabel } from '../../src/api/group.ts'
import { decodeIdentity } from '../../src/api/mc-identity.ts'
import type { ConfigMap, KubeObject, Secret } from '../../src/kube/objects.ts'
import { signingKeyFromPem } from '../../src/protocol/keys.ts'
import type { ControlPlane } from '../../tools/controlplane/control-plane.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { type Channel, exchangeName, writeName } from './join-steps.ts'
import { handled, readiness } from './role-reports.ts'
import { type Pair, plain, type Scene } from './scene.ts'
import { until } from './until.ts'

export type Side = 'primary' | 'secondary'

/** The name under which the secondary joins. */
export const clusterName = 'edge'
const tokenName = 'join-token'
/** No heartbeat but the first comes in the time of a test: what is to be mended must not wait for the next one. */
const heartbeatInterval = '600'

export interface DisturbableJoin {
  readonly scene: Scene
  readonly proxies: Readonly<Record<Channel, FaultProxy>>
  role(side: Side): RoleProcess
  start(side: Side): Promise<void>
  kill(side: Side): Promise<void>
  /** Creates mc-join: from here on the join is under way. */
  ask(): Promise<void>
  end(): Promise<void>
}

/** Starts both processes and has a token issued; nothing has been asked for yet. */
export async function prepareJoin(pair: Pair, name: string): Promise<DisturbableJoin> {
  const scene = await pair.scene(name, {
    scheme: 'http',
    primaryFlags: { 'heartbeat-interval': heartbeatInterval },
    secondaryFlags: { 'allow-insecure-primary-ingress': 'true' },
  })
  const primaryWay = await wayToApiServer(pair.primary, scene.place.home, 'conjoin-primary')
  const secondaryWay = await wayToApiServer(pair.secondary, scene.namespace, 'conjoin-secondary')
  const wire = await startFaultProxy({ target: () => scene.endpoint, recognise: exchangeName })
  const roles: Partial<Record<Side, RoleProcess>> = {}

  async function start(side: Side): Promise<void> {
    roles[side] =
      side === 'primary'
        ? await scene.startPrimary({ kubeconfig: primaryWay.kubeconfig })
        : await scene.startSecondary({ kubeconfig: secondaryWay.kubeconfig })
  }
  function role(side: Side): RoleProcess {
    const running = roles[side]
    if (running === undefined) throw new Error(`the ${side} has not been started`)
    return running
  }

  await start('primary')
  await start('secondary')
  await scene.bootstrap({ url: wire.url })
  await scene.onPrimary(['wait', '--for=condition=Ready', 'bootstraps.dist.kio.kasten.io/bootstrap-primary'])
  await scene.untilReady('primary-cluster-1')
  const given = await scene.token(tokenName, { 'max-uses': '3' })

  return {
    scene,
    proxies: { primary: primaryWay.proxy, secondary: secondaryWay.proxy, wire },
    role,
    start,
    kill: async (side) => role(side).kill(),
    ask: async () => scene.mcJoin({ ...given, clusterName }),
    async end() {
      await scene.end()
      await Promise.all([primaryWay.proxy, secondaryWay.proxy, wire].map((proxy) => proxy.close()))
    },
  }
}

/** A proxy before the API server, and a kubeconfig of the service account that leads there. */
async function wayToApiServer(
  controlPlane: ControlPlane,
  namespace: string,
  account: string,
): Promise<{ proxy: FaultProxy; kubeconfig: string }> {
  const path = await controlPlane.serviceAccountKubeconfig(namespace, account)
  const config = parse(await readFile(path, 'utf8')) as {
    clusters: { cluster: Record<string, string | boolean> }[]
  }
  const [entry] = config.clusters
  const authority = entry?.cluster['certificate-authority-data']
  assert.ok(entry !== undefined && typeof authority === 'string')
  const proxy = await startFaultProxy({
    target: () => controlPlane.url,
    certificateAuthority: Buffer.from(authority, 'base64').toString(),
    recognise: writeName,
  })
  // Without the second, client-node refuses plain HTTP.
  entry.cluster = { server: proxy.url, 'insecure-skip-tls-verify': true }
  const kubeconfig = `${path}.proxied`
  await writeFile(kubeconfig, stringify(config, { version: '1.1' }), { mode: 0o600 })
  return { proxy, kubeconfig }
}

/** Everything that a join leaves behind, on both sides, in words that are the same for every good one. */
async function outcome({ scene, proxies }: DisturbableJoin): Promise<object> {
  const answers = await Promise.all([
    scene.onPrimary(['get', `${ownKinds},secrets,configmaps`, '-o', 'json']),
    scene.onSecondary(['get', 'secrets,configmaps', '-o', 'json']),
  ])
  const [onPrimary, onSecondary] = answers.map(listed) as [readonly KubeObject[], readonly KubeObject[]]
  const clusters = onPrimary.filter((object): object is Cluster => object.kind === 'Cluster')
  const bootstraps = onPrimary.filter((object): object is Bootstrap => object.kind === 'Bootstrap')
  const configMaps = onPrimary.filter((object): object is ConfigMap => object.kind === 'ConfigMap')
  const token = onPrimary.find((object) => object.metadata.name === tokenName)
  const identity = secretOf(onSecondary, 'mc-identity')
  const stored = decodeIdentity(identity)
  const keyId = stored && signingKeyFromPem(stored.privateKey.reveal()).thumbprint
  const info = plain(secretOf(onSecondary, 'mc-cluster-info'))
  const { status, msg } = plain(secretOf(onSecondary, 'mc-join-status'))
  return {
    secondaries: clusters
      .filter(({ spec }) => !spec.primary)
      .map(({ metadata, spec, status: state }) => ({
        name: metadata.name,
        id: state?.id,
        hasOwnKey: spec.member?.keyId === keyId,
        conditions: (state?.conditions ?? []).map(({ type, status: value, reason }) => `${type}=${value}/${reason}`),
      })),
    primaryIsHeldBy: clusters.find(({ spec }) => spec.primary)?.metadata.finalizers,
    records: bootstraps
      .filter(({ metadata }) => metadata.labels?.[createdByLabel] === 'join')
      .map(({ metadata, spec }) => [metadata.name, ...Object.values(spec.clusters).map((entry) => entry.name)]),
    uses: token?.metadata.annotations?.[annotations.uses],
    isUsedByOwnKey: token?.metadata.annotations?.[annotations.usedBy] === keyId,
    tombstones: configMaps.flatMap(({ data = {} }) => Object.keys(data)),
    status: { status, msg },
    info: { clusterName: info['clusterName'], endpoint: info['endpoint'] === proxies.wire.url },
    isRepairable: stored?.joined?.token.reveal() === info['token'],
    objects: [onPrimary, onSecondary].map((objects) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)),
  }
}

const ownKinds = 'clusters.dist.kio.kasten.io,bootstraps.dist.kio.kasten.io'

/** What a join must have led to, however it was disturbed. */
function expectedOutcome({ scene }: DisturbableJoin): object {
  return {
    secondaries: [
      {
        name: clusterName,
        id: scene.secondaryCluster.kubeSystemUid,
        hasOwnKey: true,
        conditions: ['Joined=True/Joined', 'Healthy=True/Heartbeat', 'Ready=True/Joined'],
      },
    ],
    primaryIsHeldBy: ['dist.kio.kasten.io/cluster-info'],
    records: [[clusterName, clusterName]],
    uses: '1',
    isUsedByOwnKey: true,
    tombstones: [],
    status: { status: 'Joined', msg: '' },
    info: { clusterName, endpoint: true },
    isRepairable: true,
    objects: [
      [
        `Cluster ${clusterName}`,
        'Cluster primary-cluster-1',
        'Bootstrap bootstrap-primary',
        `Bootstrap ${clusterName}`,
        `Secret ${tokenName}`,
        'ConfigMap mc-tombstones',
      ],
      ['Secret mc-cluster-info', 'Secret mc-identity', 'Secret mc-join', 'Secret mc-join-status'],
    ],
  }
}

/** Waits until the join has led to what it must, asserts that it stays so when all is handled, and that all is well. */
export async function assertJoined(join: DisturbableJoin): Promise<void> {
  const { scene } = join
  const isAsExpected = async () => {
    assert.deepEqual(await outcome(join), expectedOutcome(join))
    return true
  }
  await until('one cluster has joined, with one use and nothing left over', isAsExpected).catch(async (error) => {
    // Where it differs says more than that it took too long.
    await isAsExpected()
    throw error
  })
  const [cluster, own, record] = [
    await scene.cluster(clusterName),
    await scene.cluster('primary-cluster-1'),
    await scene.readBootstrap(clusterName),
  ]
  const primary = join.role('primary')
  await handled(primary, 'cluster', cluster)
  await handled(primary, 'cluster', own)
  await handled(primary, 'bootstrap', record)
  await isAsExpected()
  for (const side of ['primary', 'secondary'] as const)
    assert.deepEqual(await readiness(join.role(side)), { status: 200, text: 'ok' }, `the ${side} is ready`)
}

function listed(text: string): readonly KubeObject[] {
  return (JSON.parse(text) as { items: KubeObject[] }).items
}

function secretOf(objects: readonly KubeObject[], name: string): Secret {
  const isMeant = (object: KubeObject): object is Secret => object.kind === 'Secret' && object.metadata.name === name
  return objects.find(isMeant) ?? { metadata: { name } }
}
