/** A primary of clocked replicas behind one address, and members that beat there; what the audit log says of their health. */
import assert from 'node:assert/strict'
import { sightingsName } from '../../src/api/sightings.ts'
import { type ClockedReplica, type ClockedReplicas, clockedReplicas, interval } from './clocked-replicas.ts'
import { createJoiner, type Joiner } from './joiner.ts'
import type { Pair } from './pair.ts'
import { startRelay } from './relay.ts'
import type { Scene } from './scene.ts'

export interface MemberOptions {
  readonly labels?: Record<string, string>
  /** Annotations of its join token, without the prefix. */
  readonly token?: Readonly<Record<string, string>>
}

export interface ClockedFleet {
  readonly scene: Scene
  readonly replicas: ClockedReplicas
  /** Who answers at the address of the primary. */
  behind: readonly ClockedReplica[]
  /** Starts a replica, waits until it leads, which nobody else may, and registers the primary. */
  lead(identity: string, options?: { tells?: number }): Promise<ClockedReplica>
  /** Joins and confirms. It reports the labels as they are at each heartbeat. */
  member(name: string, options?: MemberOptions): Promise<Joiner>
  /** Lets time pass with a heartbeat of each member in each interval, the first one at once. */
  beating(members: readonly Joiner[], ms: number): Promise<void>
  /** `Status/Reason` of the condition Healthy. */
  health(name: string): Promise<string>
  /** The Clusters that were ever called lost, in the order of these writes. */
  calledLost(): Promise<readonly string[]>
  /** How often this replica has written its ConfigMap since the mark. */
  tellings(identity: string, mark?: number): Promise<number>
  /** The replicas whose ConfigMap is stored now, of these. */
  telling(identities: readonly string[]): Promise<readonly string[]>
  end(): Promise<void>
}

export async function clockedFleet(pair: Pair, name: string): Promise<ClockedFleet> {
  const scene = await pair.scene(name, { scheme: 'http' })
  const replicas = clockedReplicas(scene)
  const relay = await startRelay(() => fleet.behind.map(({ endpoint }) => endpoint))
  const { auditLog } = pair.primary
  const start = await auditLog.mark()

  const fleet: ClockedFleet = {
    scene,
    replicas,
    behind: [],
    async lead(identity, options) {
      const leader = await replicas.start(identity, options)
      await replicas.during(leader.log.line(({ message }) => message === 'became leader'))
      await scene.bootstrap({ url: relay.url })
      await replicas.during(scene.untilReady('primary-cluster-1'))
      return leader
    },
    async member(memberName, { labels = {}, token: settings = {} } = {}) {
      const joiner = createJoiner({ labels })
      const { token } = await replicas.during(scene.token(memberName, settings))
      await replicas.during(joiner.join({ endpoint: relay.url, token, name: memberName }))
      assert.equal(await replicas.during(joiner.confirm()), 'ok')
      // A nonce of the very moment of the one before is refused, and no time passes by itself.
      await replicas.pass(1_000)
      return joiner
    },
    async beating(members, ms) {
      for (let left = ms; left > 0; left -= interval) {
        for (const member of members) assert.equal(await member.beat(), 'ok')
        await replicas.pass(Math.min(left, interval))
      }
    },
    async health(memberName) {
      const { conditions = [] } = (await scene.cluster(memberName))?.status ?? {}
      const healthy = conditions.find(({ type }) => type === 'Healthy')
      return `${healthy?.status}/${healthy?.reason}`
    },
    async calledLost() {
      const writes = await auditLog.writesSince(start)
      return writes
        .filter(({ namespace, subresource }) => namespace === scene.place.namespace && subresource === 'status')
        .filter(({ requestObject }) => JSON.stringify(requestObject).includes('NoHeartbeat'))
        .map((write) => write.name)
    },
    async tellings(identity, mark = start) {
      const writes = await auditLog.writesSince(mark)
      return writes.filter(
        ({ namespace, resource, verb, name }) =>
          namespace === scene.place.home &&
          resource === 'configmaps' &&
          verb === 'patch' &&
          name === sightingsName(identity),
      ).length
    },
    async telling(identities) {
      const stored = await scene.atHome(['get', 'configmaps', '-o', 'name'])
      return identities.filter((identity) => stored.includes(sightingsName(identity)))
    },
    async end() {
      await replicas.end()
      await relay.close()
      await scene.end()
    },
  }
  return fleet
}

/** Ends the fleet when this has settled. The name is part of its namespaces. */
export async function withFleet(pair: Pair, name: string, act: (fleet: ClockedFleet) => Promise<void>): Promise<void> {
  const fleet = await clockedFleet(pair, name)
  try {
    await act(fleet)
  } finally {
    await fleet.end()
  }
}
