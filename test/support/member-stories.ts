/** What a member goes through by itself, or by a word of its administrator, and the state that it must come back to. */
import { annotations } from '../../src/api/group.ts'
import type { DisturbableJoin } from './disturbable-join.ts'
import { admitted, assertEnd, clusterName, type Story } from './join-stories.ts'
import { until } from './until.ts'

/** The cluster has joined, and both sides have come to rest. */
async function joined(join: DisturbableJoin): Promise<void> {
  await join.ask(clusterName)
  await assertEnd(join, admitted)
}

/** Resolves when a heartbeat that was sent after this was called has been answered as it should. */
async function answered(join: DisturbableJoin): Promise<void> {
  const good = () =>
    join
      .role('secondary')
      .lines()
      .filter(({ msg, code }) => msg === 'heartbeat' && code === undefined)
  const before = good().length
  await until('a heartbeat is answered', async () => good().length > before)
}

export const beating: Story = {
  title: 'a heartbeat of a member',
  // The least that a primary allows, seconds.
  heartbeatInterval: '10',
  prepare: joined,
  // Nobody does anything: it beats by itself.
  begin: async () => undefined,
  settle: answered,
  expected: admitted.expected,
}

export const rekeyed: Story = {
  title: 'a member that is given another key',
  prepare: joined,
  begin: async ({ scene }) => {
    await scene.onSecondary(['annotate', 'secret', 'mc-cluster-info', `${annotations.rotate}=now`])
  },
  // The key has changed once, and has been used: the primary knows of both, and of no other.
  settle: async ({ scene }) => {
    await until('the new key is in use', async () => {
      const { spec, status } = (await scene.cluster(clusterName)) ?? {}
      const { keyId, previousKeyId } = spec?.member ?? {}
      return previousKeyId !== undefined && keyId !== undefined && status?.keyId === keyId
    })
  },
  expected: (scene) => ({
    ...admitted.expected(scene),
    // The use of the token belongs to the key that joined.
    isUsedByOwnKey: false,
  }),
}
