/**
 * A primary of two replicas behind an ingress that spreads requests: the leader, and a follower whose watches a test can
 * hold back, so that it answers from a cache of the past. Starts them, and counts what each has admitted by its own log.
 */
import { freePort } from '../../tools/controlplane/ports.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Front, startFront } from './front.ts'
import type { Pair } from './pair.ts'
import type { Scene } from './scene.ts'
import { StreamGate } from './stream-gate.ts'
import { wayToApiServer } from './way-to-api-server.ts'

export interface Replica extends RoleProcess {
  readonly endpoint: string
}

export interface Replicas {
  readonly scene: Scene
  readonly ingress: Front
  readonly leader: Replica
  readonly follower: Replica
  /** What the follower's watches pass through. */
  readonly watches: StreamGate
  /** What the answers to its reads of single Secrets pass through. */
  readonly secretReads: StreamGate
  end(): Promise<void>
}

/** Both serve when it resolves, a Bootstrap has been registered, and its endpoint is the ingress's. */
export async function startReplicas(pair: Pair, name: string): Promise<Replicas> {
  const scene = await pair.scene(name, { scheme: 'http' })
  const [watches, secretReads] = [new StreamGate(), new StreamGate()]
  const way = await wayToApiServer(
    pair.primary,
    { namespace: scene.place.home, name: 'conjoin-primary' },
    {
      recognise: () => undefined,
      through({ method, path }) {
        if (path.includes('watch=true')) return watches.stream()
        return method === 'GET' && path.includes('/secrets/') ? secretReads.stream() : undefined
      },
    },
  )
  const leader = await scene.startPrimary({ identity: 'leader' })
  await leader.logged('the first replica leads', ({ msg }) => msg === 'became leader')
  const followerEndpoint = `http://127.0.0.1:${await freePort()}`
  const follower: Replica = {
    ...(await scene.startPrimary({ identity: 'follower', listen: followerEndpoint, kubeconfig: way.kubeconfig })),
    endpoint: followerEndpoint,
  }
  const serving = [scene.endpoint, followerEndpoint]
  void follower.ended.then(() => serving.pop())
  let turn = 0
  // Not connection by connection: the two requests of one exchange reach different replicas.
  const ingress = await startFront(() => serving[turn++ % serving.length] ?? '')
  await scene.bootstrap({ url: ingress.url })
  await scene.untilReady('primary-cluster-1')
  return {
    scene,
    ingress,
    leader,
    follower,
    watches,
    secretReads,
    async end() {
      watches.open()
      secretReads.open()
      await scene.end()
      await Promise.all([way.proxy.close(), ingress.down()])
    },
  }
}

/** How many joins a replica has admitted. */
export function admissions(replica: Replica): number {
  return replica.lines().filter(({ msg }) => msg === 'join admitted').length
}
