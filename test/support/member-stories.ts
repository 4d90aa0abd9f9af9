/** What a member goes through by itself, or by a word of its administrator, and the state that it must come back to. */
import assert from 'node:assert/strict'
import type { Cluster } from '../../src/api/cluster.ts'
import { annotations } from '../../src/api/group.ts'
import { decodePrimaryIdentity, primaryIdentityName } from '../../src/api/primary-identity.ts'
import type { Secret } from '../../src/kube/objects.ts'
import { explain } from '../../src/protocol/errors.ts'
import { signingKeyFromPem, toPublicPem } from '../../src/protocol/keys.ts'
import { read } from './api-objects.ts'
import { type DisturbableJoin, primaryName } from './disturbable-join.ts'
import { admitted, assertEnd, clusterName, left, type Story } from './join-stories.ts'
import type { Scene } from './scene.ts'
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
  settle: async (join) => {
    const used = await until('the new key is in use', async () => {
      const { spec, status } = (await join.scene.cluster(clusterName)) ?? {}
      const { keyId, previousKeyId } = spec?.member ?? {}
      return previousKeyId !== undefined && status?.keyId === keyId ? keyId : undefined
    })
    assert.deepEqual(await keysGiven(join), [used], 'what is asked for again is the same key')
  },
  expected: (scene) => ({
    ...admitted.expected(scene),
    // The use of the token belongs to the key that joined.
    isUsedByOwnKey: false,
  }),
}

/** Thumbprints of the keys that the member has been given in the place of others, each once. */
async function keysGiven(join: DisturbableJoin): Promise<readonly string[]> {
  const patches = (await join.writesOnPrimary()).filter(
    ({ verb, name, subresource, responseCode }) =>
      verb === 'patch' && name === clusterName && subresource === '' && responseCode === 200,
  )
  const given = patches.flatMap(({ requestObject }) => (requestObject as Partial<Cluster>).spec?.member?.keyId ?? [])
  return [...new Set(given)]
}

/** The keys of the primary as they are stored. */
async function primaryKeys(scene: Scene) {
  const secret = await read<Secret>(scene.primaryCluster, scene.place.home, 'secret', primaryIdentityName)
  return secret && decodePrimaryIdentity(secret)
}

export const rolled: Story = {
  title: "a roll of the primary's key",
  heartbeatInterval: '10',
  prepare: joined,
  begin: async ({ scene }) => {
    await scene.atHome(['annotate', 'secret', primaryIdentityName, `${annotations.rotate}=now`])
  },
  // Each takes a heartbeat: the member hears of the next key, names it, and hears that it is the current one.
  settle: async ({ scene }) => {
    const rolledKeys = await until('the next key has become the current one', async () => {
      const keys = await primaryKeys(scene)
      return keys?.rotated === 'now' && keys.next === undefined && keys.retired.length === 1 ? keys : undefined
    })
    const current = signingKeyFromPem(rolledKeys.privateKey.reveal())
    await until('the member trusts it', async () => {
      const info = await scene.clusterInfo()
      return info?.['primaryPublicKey'] === toPublicPem(current)
    })
    await until('the primary knows that it does', async () => {
      const { status } = (await scene.cluster(clusterName)) ?? {}
      return status?.primaryKeyId === current.thumbprint
    })
  },
  expected: admitted.expected,
}

export const disconnected: Story = {
  title: 'a member that is disconnected',
  // It hears of it by a heartbeat.
  heartbeatInterval: '10',
  prepare: joined,
  begin: async ({ scene }) => {
    await scene.onPrimary(['delete', `clusters.dist.kio.kasten.io/${clusterName}`, '--wait=false'])
  },
  expected: (scene) => ({
    ...left.expected(scene),
    status: {
      status: 'Rejected',
      msg: explain('Disconnected', `${clusterName} was disconnected from ${primaryName} by the primary at this time`),
    },
  }),
}
