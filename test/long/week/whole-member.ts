/**
 * A secondary of a simulated week with all that runs in its pod: the whole agent, in a namespace of its own of a real API
 * server, and over TLS. Its lease and its watches make it many times as dear as the others, so there are a few of them.
 */

import { mcClusterInfoName } from '../../../src/api/mc-cluster-info.ts'
import { mcJoinName } from '../../../src/api/mc-join.ts'
import { encodeSecretData } from '../../../src/api/secret-data.ts'
import { createClient } from '../../../src/kube/client.ts'
import { createInformer } from '../../../src/kube/informer.ts'
import { namespaceKind, type Secret, secretKind } from '../../../src/kube/objects.ts'
import type { KubeTransport } from '../../../src/kube/transport.ts'
import { createAgent } from '../../../src/secondary/agent.ts'
import type { LineOptions } from '../../../src/secondary/primary-client/line.ts'
import { createNetwork } from '../../../src/secondary/primary-client/network.ts'
import { noMetrics } from '../../support/no-metrics.ts'
import type { Member, MemberDeps } from './member.ts'
import { keyIdOf, type MemberObjects, statusOf } from './objects.ts'
import { type ApiWayDeps, createApiWay } from './way.ts'

export interface WholeMemberDeps extends MemberDeps, ApiWayDeps {}

/** What Kubernetes takes to start a process again, milliseconds. */
const restartAfter = 5_000

/** Its process runs soon after this returns. */
export function startWholeMember(deps: WholeMemberDeps): Member {
  const { name: namespace, uid, front, clock, witness } = deps
  const log = witness.logger('secondary', namespace)
  const client = createClient(createApiWay({ ...deps, transport: inClusterOf(uid, deps.transport) }))
  const secrets = createInformer<Secret>({ client, kind: secretKind, namespace, clock, log })
  const secret = (name: string) => ({ namespace, name })
  const objects: MemberObjects = {
    stored: (name) => secrets.get(secret(name)),
    give: (values) => void begun.then(async () => give(values)),
    ask(annotation, word) {
      const change = { metadata: { annotations: { [annotation]: word } } }
      void client.mergePatch(secretKind, secret(mcClusterInfoName), change, { fieldManager: 'user' })
    },
  }
  let heardAt: number | undefined
  let pods = 0
  const life = new AbortController()
  const begun = client.create(namespaceKind, { metadata: { name: namespace } })
  const following = begun.then(async () => secrets.run(life.signal))
  let abort = new AbortController()
  let ended = begun.then(async () => inhabit(abort.signal))

  async function give(values: Readonly<Record<string, string>>): Promise<void> {
    await client.create<Secret>(secretKind, { metadata: secret(mcJoinName), data: encodeSecretData(values) })
  }

  async function runPod(signal: AbortSignal): Promise<void> {
    pods += 1
    const network = createNetwork({ proxies: {}, clock, log })
    const agent = createAgent({
      client,
      namespace,
      primaryNamespace: 'nowhere',
      releaseName: 'k10',
      labels: {},
      identity: `${namespace}-${pods}`,
      version: '0.1.0',
      kubernetesVersion: () => 'v1.36.3',
      allowInsecurePrimaryIngress: true,
      proxies: {},
      network: {
        ...network,
        openLine: (options: LineOptions) => front.through(network.openLine(options), namespace, 'tls'),
      },
      metrics: {
        ...noMetrics,
        beat(code) {
          if (code === 'ok') heardAt = clock.monotonic()
        },
      },
      clock,
      log,
      random: deps.random,
    })
    await agent.run(signal)
  }

  /** One process after the other, until aborted. */
  async function inhabit(signal: AbortSignal): Promise<void> {
    while (!signal.aborted)
      try {
        await runPod(signal)
      } catch (err) {
        if (signal.aborted) return
        log.error({ err }, 'stopped by a failure')
        await clock.sleep(restartAfter, signal).catch(() => undefined)
      }
  }

  return {
    name: namespace,
    uid,
    objects,
    clock,
    isWhole: true,
    heardAt: () => heardAt,
    keyId: () => keyIdOf(objects),
    status: () => statusOf(objects),
    restart() {
      abort.abort(new Error('stopped'))
      const next = new AbortController()
      abort = next
      ended = ended.then(async () => inhabit(next.signal))
    },
    async stop() {
      abort.abort(new Error('stopped'))
      await ended
      life.abort()
      await following
    },
  }
}

/** All of them have their namespaces in one API server, and each is a cluster of its own all the same. */
function inClusterOf(uid: string, transport: KubeTransport): KubeTransport {
  return {
    async request(request) {
      const asksWhoItIs = request.path === '/api/v1/namespaces/kube-system'
      return asksWhoItIs ? { metadata: { name: 'kube-system', uid } } : transport.request(request)
    },
    stream: async (request) => transport.stream(request),
    close: async () => undefined,
  }
}
