/**
 * A primary and a secondary with namespaces, rights and processes of their own, on control planes that others may use too. A
 * scene does what users do, with kubectl, and reads what they would read.
 */
import assert from 'node:assert/strict'
import type { Bootstrap } from '../../src/api/bootstrap.ts'
import type { Cluster } from '../../src/api/cluster.ts'
import type { ConfigMap, KubeEvent, KubeObject, Secret } from '../../src/kube/objects.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import {
  installPrimary,
  installSecondary,
  type PrimaryPlace,
  type RunningPrimary,
  startPrimary,
  startSecondary,
} from '../../tools/installation.ts'
import type { Flags, RoleProcess } from '../../tools/role-process.ts'
import { type Kind, list, read } from './api-objects.ts'
import { kubectl, type Plain, plain } from './kubectl.ts'
import { bootstrapOf, tokenSecretOf } from './manifests.ts'
import { assertNothingLeaks, tokenSecrets } from './scene-secrets.ts'
import type { Haystack } from './secret-search.ts'
import { until } from './until.ts'

export interface SceneOptions {
  /** What the primary speaks; `http` is for an ingress that ends TLS. */
  readonly scheme?: 'https' | 'http'
  /** The path of the endpoint, like `/k10/`. */
  readonly path?: string
  readonly primaryFlags?: Flags
  readonly secondaryFlags?: Flags
}

/** What a scene is made of. */
interface Setting {
  readonly primaryCluster: ClusterAccess
  readonly secondaryCluster: ClusterAccess
  readonly place: PrimaryPlace
  readonly namespace: string
  readonly options: SceneOptions
  readonly port: number
  readonly primaryKubeconfig: string
  readonly secondaryKubeconfig: string
}

export class Scene {
  readonly place: PrimaryPlace
  /** Namespace of the secondary. */
  readonly namespace: string
  /** Where the primary listens and what its Bootstrap says. */
  readonly endpoint: string
  readonly primaryCluster: ClusterAccess
  readonly secondaryCluster: ClusterAccess
  readonly #setting: Setting
  readonly #roles = new Set<RoleProcess>()
  /** Everything that ended processes have printed. */
  readonly #printed: string[] = []
  /** Join tokens that were issued, also those that are gone. */
  readonly #tokens: string[] = []
  #ended: Promise<void> | undefined

  private constructor(setting: Setting) {
    const { options, port } = setting
    this.#setting = setting
    this.primaryCluster = setting.primaryCluster
    this.secondaryCluster = setting.secondaryCluster
    this.place = setting.place
    this.namespace = setting.namespace
    this.endpoint = `${options.scheme ?? 'https'}://127.0.0.1:${port}${options.path ?? ''}`
  }

  /** Makes the namespaces and the rights; no process runs yet. */
  static async set(
    primaryCluster: ClusterAccess,
    secondaryCluster: ClusterAccess,
    name: string,
    options: SceneOptions,
  ): Promise<Scene> {
    const place = { namespace: `${name}-mc`, home: `${name}-system` }
    const namespace = `${name}-io`
    const ofObjects = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: place.namespace } }
    assert.ok(await primaryCluster.create('/api/v1/namespaces', ofObjects), `there is a scene ${name} already`)
    const primaryKubeconfig = await installPrimary(primaryCluster, place)
    const secondaryKubeconfig = await installSecondary(secondaryCluster, namespace)
    const clusters = { primaryCluster, secondaryCluster, primaryKubeconfig, secondaryKubeconfig }
    return new Scene({ ...clusters, place, namespace, options, port: await freePort() })
  }

  async startPrimary(flags: Flags = {}, env: Flags = {}): Promise<RunningPrimary> {
    const role = await startPrimary(this.#setting.primaryKubeconfig, {
      place: this.place,
      scheme: this.#setting.options.scheme ?? 'https',
      port: this.#setting.port,
      // Ten seconds is the least: a test that waits for a heartbeat waits no longer than it must.
      flags: { 'log-level': 'debug', 'heartbeat-interval': '10', ...this.#setting.options.primaryFlags, ...flags },
      env,
    })
    this.#roles.add(role)
    return role
  }

  async startSecondary(flags: Flags = {}, env: Flags = {}): Promise<RoleProcess> {
    const role = await startSecondary(this.#setting.secondaryKubeconfig, {
      namespace: this.namespace,
      flags: { 'log-level': 'debug', ...this.#setting.options.secondaryFlags, ...flags },
      env,
    })
    this.#roles.add(role)
    return role
  }

  /** SIGTERM; asserts that the process ends well. */
  async stop(role: RoleProcess): Promise<void> {
    this.#printed.push(role.output())
    this.#roles.delete(role)
    assert.equal(await role.stop(), 0, `a stopped process ends with 0:\n${role.output().slice(-2000)}`)
  }

  /** Stops the processes, and asserts that they have told no secret; `seen` is what else they have said, and to whom. */
  async end(seen: readonly Haystack[] = []): Promise<void> {
    this.#ended ??= (async () => {
      await Promise.all([...this.#roles].map((role) => role.stop()))
      const secrets = this.#tokens.flatMap((token) => tokenSecrets('an issued token', token))
      await assertNothingLeaks(this, { secrets, haystacks: seen })
    })()
    return this.#ended
  }

  /** Of the service accounts that the processes use. */
  get kubeconfigs(): readonly string[] {
    return [this.#setting.primaryKubeconfig, this.#setting.secondaryKubeconfig]
  }

  /** All that the processes of this scene have printed. */
  printed(): string {
    return [...this.#printed, ...[...this.#roles].map((role) => role.output())].join('\n')
  }

  // --- what users do on the primary

  async onPrimary(args: readonly string[], input?: string): Promise<string> {
    return kubectl(this.primaryCluster, [...args, '-n', this.place.namespace], input)
  }

  /** In the namespace of the primary's process and its key. */
  async atHome(args: readonly string[]): Promise<string> {
    return kubectl(this.primaryCluster, [...args, '-n', this.place.home])
  }

  /** Creates a Bootstrap with the primary, and with secondaries registered ahead. */
  async bootstrap(options: { name?: string; url?: string; ahead?: readonly string[] } = {}): Promise<void> {
    const { name = 'primary-cluster-1', url = this.endpoint, ahead = [] } = options
    const bootstrap = bootstrapOf({ name, url }, ahead)
    await this.onPrimary(['create', '-f', '-'], JSON.stringify(bootstrap))
  }

  /** Creates a join-token Secret and gives what it is filled with. */
  async token(name = 'join-token', tokenAnnotations: Plain = {}): Promise<{ endpoint: string; token: string }> {
    await this.createTokenSecret(name, tokenAnnotations)
    const secret = await until(`the Secret ${name} is filled`, async () => {
      const read = await this.readOnPrimary<Secret>('secret', name)
      return read?.data?.['token'] === undefined ? undefined : read
    })
    const given = plain(secret) as { endpoint: string; token: string }
    this.#tokens.push(given.token)
    return given
  }

  async createTokenSecret(name: string, tokenAnnotations: Plain = {}): Promise<void> {
    const secret = tokenSecretOf(name, tokenAnnotations)
    await this.onPrimary(['create', '-f', '-'], JSON.stringify(secret))
  }

  async readOnPrimary<T extends KubeObject>(kind: Kind, name: string): Promise<T | undefined> {
    return read<T>(this.primaryCluster, this.place.namespace, kind, name)
  }

  async clusters(): Promise<readonly Cluster[]> {
    return list<Cluster>(this.primaryCluster, this.place.namespace, 'cluster')
  }

  async cluster(name: string): Promise<Cluster | undefined> {
    return this.readOnPrimary<Cluster>('cluster', name)
  }

  async readBootstrap(name: string): Promise<Bootstrap | undefined> {
    return this.readOnPrimary<Bootstrap>('bootstrap', name)
  }

  async untilReady(name: string): Promise<void> {
    await this.onPrimary(['wait', '--for=condition=Ready', `clusters.dist.kio.kasten.io/${name}`, '--timeout=60s'])
  }

  async eventsOnPrimary(): Promise<readonly KubeEvent[]> {
    return list<KubeEvent>(this.primaryCluster, this.place.namespace, 'event')
  }

  // --- what users do on the secondary

  async onSecondary(args: readonly string[], input?: string): Promise<string> {
    return kubectl(this.secondaryCluster, [...args, '-n', this.namespace], input)
  }

  /** Creates or replaces mc-join with these values. */
  async mcJoin(values: Plain): Promise<void> {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mc-join' }, stringData: values }
    const exists = (await this.readOnSecondary('secret', 'mc-join')) !== undefined
    await this.onSecondary([exists ? 'replace' : 'create', '-f', '-'], JSON.stringify(secret))
  }

  /** Creates or replaces mc-join-config. */
  async mcJoinConfig(values: Plain): Promise<void> {
    const config: ConfigMap = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'mc-join-config' },
      data: values,
    }
    await this.onSecondary(['apply', '-f', '-'], JSON.stringify(config))
  }

  async readOnSecondary<T extends KubeObject>(kind: Kind, name: string): Promise<T | undefined> {
    return read<T>(this.secondaryCluster, this.namespace, kind, name)
  }

  /** mc-join-status in plain text; undefined where there is none. */
  async status(): Promise<Plain | undefined> {
    const secret = await this.readOnSecondary<Secret>('secret', 'mc-join-status')
    return secret === undefined ? undefined : plain(secret)
  }

  /** Waits until mc-join-status says this, and gives it whole. */
  async untilStatus(status: string, message: RegExp = /(?:)/): Promise<Plain> {
    let last: Plain | undefined
    return until(`mc-join-status says ${status} ${message}`, async () => {
      last = await this.status()
      return last?.['status'] === status && message.test(last['msg'] ?? '') ? last : undefined
    }).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}; it says ${JSON.stringify(last)}`, { cause: error })
    })
  }

  /** mc-cluster-info in plain text; undefined where there is none. */
  async clusterInfo(): Promise<Plain | undefined> {
    const secret = await this.readOnSecondary<Secret>('secret', 'mc-cluster-info')
    return secret === undefined ? undefined : plain(secret)
  }

  /** Everything up to the first join: both processes, a Bootstrap, a token, mc-join, and Joined on both sides. */
  async join(clusterName: string): Promise<{ primary: RunningPrimary; secondary: RoleProcess; token: string }> {
    const primary = await this.startPrimary()
    const secondary = await this.startSecondary()
    await this.bootstrap()
    const { endpoint, token } = await this.token()
    await this.mcJoin({ endpoint, token, clusterName })
    await this.untilStatus('Joined')
    await this.untilReady(clusterName)
    return { primary, secondary, token }
  }
}
