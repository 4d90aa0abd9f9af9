/**
 * A scene in which every way can be disturbed: both processes reach their API servers, and the secondary its primary,
 * through proxies. Prepares a join with a token of three uses; what comes of it is for others to judge.
 */
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { type Channel, exchangeName, writeName } from './join-steps.ts'
import type { Pair } from './pair.ts'
import { Recorder } from './recorder.ts'
import type { Scene } from './scene.ts'
import { communicationToken } from './scene-secrets.ts'
import { until } from './until.ts'
import { wayToApiServer } from './way-to-api-server.ts'

export type Side = 'primary' | 'secondary'

/** The name of the primary's own Cluster. */
export const primaryName = 'primary-cluster-1'
export const tokenName = 'join-token'
/** No heartbeat but the first comes in the time of a test: what is to be mended must not wait for the next one. Seconds. */
const usualInterval = '600'

export interface DisturbableJoin {
  readonly scene: Scene
  readonly proxies: Readonly<Record<Channel, FaultProxy>>
  role(side: Side): RoleProcess
  start(side: Side): Promise<void>
  kill(side: Side): Promise<void>
  /** Creates mc-join, which asks for this name: from here on the join is under way. */
  ask(clusterName: string): Promise<void>
  /** What has been changed, or was to be, in the namespace of the Clusters since this was prepared. */
  writesOnPrimary(): Promise<readonly AuditEvent[]>
  end(): Promise<void>
}

/** Starts both processes and has a token issued; nothing has been asked for yet. */
export async function prepareJoin(
  pair: Pair,
  name: string,
  { heartbeatInterval = usualInterval }: { readonly heartbeatInterval?: string } = {},
): Promise<DisturbableJoin> {
  const { auditLog } = pair.primary
  const mark = await auditLog.mark()
  const scene = await pair.scene(name, {
    scheme: 'http',
    primaryFlags: { 'heartbeat-interval': heartbeatInterval },
    secondaryFlags: { 'allow-insecure-primary-ingress': 'true' },
  })
  const primaryWay = await wayToApiServer(
    pair.primary,
    { namespace: scene.place.home, name: 'conjoin-primary' },
    { recognise: writeName },
  )
  const secondaryWay = await wayToApiServer(
    pair.secondary,
    { namespace: scene.namespace, name: 'conjoin-secondary' },
    { recognise: writeName },
  )
  const answers = new Recorder()
  const replies = new Recorder()
  const wire = await startFaultProxy({
    target: () => scene.endpoint,
    recognise: exchangeName,
    through: ({ path }) => (path.includes('/clusters/') ? replies : answers).stream(),
  })
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
  await scene.bootstrap({ name: primaryName, url: wire.url })
  // The last thing that is written of it: what comes later belongs to the story.
  await until('the primary is registered', async () => {
    const { status } = (await scene.readBootstrap('bootstrap-primary')) ?? {}
    return status?.clusters?.some(({ name: registered, ready }) => registered === primaryName && ready)
  })
  const given = await scene.token(tokenName, { 'max-uses': '3' })

  return {
    scene,
    proxies: { primary: primaryWay.proxy, secondary: secondaryWay.proxy, wire },
    role,
    start,
    kill: async (side) => role(side).kill(),
    ask: async (clusterName) => scene.mcJoin({ ...given, clusterName }),
    async writesOnPrimary() {
      const writes = await auditLog.writesSince(mark)
      return writes.filter(({ namespace }) => namespace === scene.place.namespace)
    },
    async end() {
      await scene.end([
        { where: 'answers of the primary', text: answers.text() },
        // A member that has changed its key is given another token in clear.
        { where: 'replies of the primary to its member', text: replies.text(), holds: communicationToken },
      ])
      await Promise.all([primaryWay.proxy, secondaryWay.proxy, wire].map((proxy) => proxy.close()))
    },
  }
}
