/**
 * Replicas of a primary as processes behind one address, as a Deployment and its Service have them: who is ready gets
 * connections, in turn. It starts, stops and kills them, and knows who leads; what clusters make of it is the test's.
 */
import assert from 'node:assert/strict'
import type { Lease } from '../../src/kube/objects.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import { type RunningPrimary } from '../../tools/installation.ts'
import type { Flags, LogLine, RoleProcess } from '../../tools/role-process.ts'
import type { Pair } from './pair.ts'
import { type Relay, startRelay } from './relay.ts'
import type { Scene } from './scene.ts'
import { until } from './until.ts'

export interface ReplicaSet {
  readonly scene: Scene
  /** The address of the primary. */
  readonly url: string
  readonly names: readonly string[]
  /** SIGTERM; connections still lead to it until it refuses them. Resolves when it has ended well. */
  stop(name: string): Promise<void>
  /** SIGKILL. */
  kill(name: string): Promise<void>
  /** A new process with the name and the port of the one before; resolves when it is ready and gets connections. */
  start(name: string): Promise<void>
  /** The holder of the lease, as soon as there is one that runs. */
  leader(): Promise<string>
  /** What a replica has logged, in all its processes. */
  lines(name: string): readonly LogLine[]
  end(): Promise<void>
}

interface Member {
  readonly name: string
  readonly endpoint: string
  readonly past: LogLine[]
  process: RunningPrimary | undefined
}

/** Resolves when all are ready, and a Bootstrap with the address has been registered. */
export async function startReplicaSet(
  pair: Pair,
  sceneName: string,
  { names = ['a', 'b', 'c'], flags = {} }: { names?: readonly string[]; flags?: Flags } = {},
): Promise<ReplicaSet> {
  const scene = await pair.scene(sceneName, { scheme: 'http', primaryFlags: flags })
  const members = new Map<string, Member>()
  for (const name of names)
    members.set(name, { name, endpoint: `http://127.0.0.1:${await freePort()}`, past: [], process: undefined })
  const ready = new Set<Member>()
  const relay: Relay = await startRelay(() => [...ready].map(({ endpoint }) => endpoint))

  function memberOf(name: string): Member {
    const member = members.get(name)
    assert.ok(member !== undefined, `there is no replica ${name}`)
    return member
  }

  function running(member: Member): RunningPrimary {
    assert.ok(member.process !== undefined, `${member.name} does not run`)
    return member.process
  }

  function gone(member: Member): void {
    ready.delete(member)
    member.past.push(...running(member).lines())
    member.process = undefined
  }

  async function start(name: string): Promise<void> {
    const member = memberOf(name)
    member.process = await scene.startPrimary({ identity: name, listen: member.endpoint })
    await untilReady(member.process)
    ready.add(member)
  }

  async function leader(): Promise<string> {
    return until('a replica that runs leads', async () => {
      const text = await scene.atHome(['get', 'lease', 'conjoin-primary', '-o', 'json'])
      const holder = (JSON.parse(text) as Lease).spec?.holderIdentity ?? ''
      return members.get(holder)?.process === undefined ? undefined : holder
    })
  }

  await Promise.all(names.map(start))
  await scene.bootstrap({ url: relay.url })
  await scene.untilReady('primary-cluster-1')
  return {
    scene,
    url: relay.url,
    names,
    async stop(name) {
      const member = memberOf(name)
      await scene.stop(running(member))
      gone(member)
    },
    async kill(name) {
      const member = memberOf(name)
      await running(member).kill()
      gone(member)
    },
    start,
    leader,
    lines: (name) => [...memberOf(name).past, ...(memberOf(name).process?.lines() ?? [])],
    async end() {
      await scene.end()
      await relay.close()
    },
  }
}

/** As a kubelet asks. */
async function untilReady(role: RoleProcess): Promise<void> {
  const { adminPort } = await role.logged('it names its admin port', (line) => typeof line['adminPort'] === 'number')
  await until('the replica is ready', async () => (await fetch(`http://127.0.0.1:${String(adminPort)}/readyz`)).ok)
}
