/** Tokens that ask for approval: what the administrator sees and decides, and what comes of it on both sides. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/api/cluster.ts'
import type { Secret } from '../../src/kube/objects.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'
import type { RunningPrimary } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { createJoiner, type Given, type Joiner } from '../support/joiner.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const manual = { approval: 'manual' }

describe('a token that asks for approval', () => {
  let pair: Pair
  let scene: Scene
  let primary: RunningPrimary
  let secondary: RoleProcess

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('approval')
    primary = await scene.startPrimary()
    secondary = await scene.startSecondary()
    await scene.bootstrap()
  })

  after(async () => pair.stop())

  async function decide(name: string, approved: boolean | null): Promise<string> {
    const patch = JSON.stringify({ spec: { approved } })
    return scene.onPrimary(['patch', 'mcc', name, '--type=merge', '-p', patch])
  }

  /** The reason of the condition Joined, once the primary has judged the Cluster as it is now. */
  async function untilReason(name: string, reason: string): Promise<Cluster> {
    return until(`${name} is ${reason}`, async () => {
      const cluster = await scene.cluster(name)
      const isJudged = cluster?.status?.observedGeneration === cluster?.metadata.generation
      return isJudged && joinedOf(cluster)?.reason === reason ? cluster : undefined
    })
  }

  async function usesOf(token: string): Promise<string | undefined> {
    return (await scene.readOnPrimary<Secret>('secret', token))?.metadata.annotations?.['dist.kio.kasten.io/uses']
  }

  describe('on a secondary', () => {
    it('lets it wait, and says on both sides for what', async () => {
      await scene.mcJoin({ ...(await scene.token('asks', { ...manual, 'max-uses': '1' })), clusterName: 'east' })
      const says =
        /^PendingApproval: the join waits for approval on the primary, says https:.*; approve it there: set spec/
      await scene.untilStatus('Joining', says)
      await untilReason('east', 'PendingApproval')
      const table = await scene.onPrimary(['get', 'mcc', 'east', '--no-headers'])
      assert.deepEqual(table.trim().split(/\s+/).slice(0, 4), ['east', 'secondary', 'False', 'PendingApproval'])
      assert.equal(await scene.clusterInfo(), undefined, 'it is given nothing')
      assert.equal(await scene.readBootstrap('east'), undefined, 'nothing is recorded of it')
    })

    it('refuses it for good where it is denied, and asks again when that Cluster is deleted', async () => {
      await decide('east', false)
      await untilReason('east', 'Denied')
      await scene.onSecondary(['annotate', 'secret', 'mc-join', 'dist.kio.kasten.io/retry=1'])
      await scene.untilStatus('Rejected', /^Denied: the join was denied on the primary; ask the administrator/)
      assert.equal(await scene.clusterInfo(), undefined)
      await scene.onPrimary(['delete', 'mcc', 'east', '--timeout=60s'])
      await scene.onSecondary(['annotate', '--overwrite', 'secret', 'mc-join', 'dist.kio.kasten.io/retry=2'])
      await scene.untilStatus('Joining', /^PendingApproval: /)
    })

    it('goes on waiting when both sides start anew, and takes neither a use nor a name again', async () => {
      const before = await untilReason('east', 'PendingApproval')
      await scene.stop(secondary)
      await scene.stop(primary)
      primary = await scene.startPrimary()
      secondary = await scene.startSecondary()
      await primary.logged('it has asked again', ({ msg }) => msg === 'join waits for approval')
      const clusters = (await scene.clusters()).filter(({ spec }) => !spec.primary)
      assert.deepEqual(
        clusters.map(({ metadata }) => metadata.uid),
        [before.metadata.uid],
      )
      assert.equal(await usesOf('asks'), '1')
      const told = await until('an Event asks for the word of an administrator', async () =>
        (await scene.eventsOnPrimary()).find(({ reason }) => reason === 'PendingApproval'),
      )
      assert.match(told.note ?? '', /^approval asked for east\b.*: set spec\.approved of the Cluster to true or false$/)
    })

    it('admits it after the command that the Cluster names', async () => {
      const waiting = await untilReason('east', 'PendingApproval')
      const command = /kubectl (.*); false denies it$/.exec(joinedOf(waiting)?.message ?? '')?.[1] ?? ''
      // Between two tries lie ten seconds; a process that starts anew asks at once.
      await scene.stop(secondary)
      await scene.onPrimary(command.split(' ').map((word) => word.replaceAll("'", '')))
      secondary = await scene.startSecondary()
      await scene.untilStatus('Joined')
      await untilReason('east', 'Joined')
      assert.equal((await scene.clusterInfo())?.['clusterName'], 'east')
      assert.notEqual(await scene.readBootstrap('east'), undefined)
      assert.equal(await usesOf('asks'), '1')
    })

    it('is not asked for a member: its approval may go, and it is disconnected by deletion only', async () => {
      await decide('east', null)
      await untilReason('east', 'Joined')
      await assert.rejects(decide('east', false), /this cluster has joined; delete the Cluster to disconnect it/)
    })
  })

  describe('for clusters that ask at once or have another way in', () => {
    /** The code of an answer for now, or the word of a final one. */
    async function ask(joiner: Joiner, given: Given): Promise<string> {
      const outcome = await joiner.ask(given).catch((error: unknown) => {
        assert.ok(error instanceof ProtocolError, String(error))
        return error
      })
      if (outcome instanceof ProtocolError) return outcome.code
      return outcome.kind === 'joined' ? outcome.membership.clusterName : outcome.refusal.code
    }

    it('lets one of two wait for a name, and tells the other that it is taken', async () => {
      const given = { ...(await scene.token('race', manual)), name: 'one-name' }
      const answers = await Promise.all([ask(createJoiner(), given), ask(createJoiner(), given)])
      assert.deepEqual(answers.toSorted(), ['NameTaken', 'PendingApproval'])
    })

    it('gives its last use to the first that waits, once', async () => {
      const given = await scene.token('once', { ...manual, 'max-uses': '1' })
      const first = createJoiner()
      for (let time = 0; time < 3; time += 1)
        assert.equal(await ask(first, { ...given, name: 'first' }), 'PendingApproval')
      assert.equal(await ask(createJoiner(), { ...given, name: 'second' }), 'TokenExhausted')
      assert.equal(await usesOf('once'), '1')
      await decide('first', true)
      assert.equal(await ask(first, { ...given, name: 'first' }), 'first')
      assert.equal(await first.confirm(), 'ok')
      assert.equal(await usesOf('once'), '1')
    })

    it('admits nobody once it is revoked, approved or not; the approval is good for another token', async () => {
      const given = { ...(await scene.token('revoked', manual)), name: 'revoked' }
      const joiner = createJoiner()
      assert.equal(await ask(joiner, given), 'PendingApproval')
      await scene.onPrimary(['delete', 'secret', 'revoked'])
      assert.equal(await ask(joiner, given), 'TokenInvalid')
      await decide('revoked', true)
      assert.equal(await ask(joiner, given), 'TokenInvalid')
      assert.equal(await ask(joiner, { ...given, ...(await scene.token('other', manual)) }), 'revoked')
    })

    it('is not got around by a token that asks for none, nor by the membership that a cluster once had', async () => {
      const automatic = { ...(await scene.token('automatic')), name: 'again' }
      const joiner = createJoiner()
      assert.equal(await ask(joiner, automatic), 'again')
      assert.equal(await joiner.confirm(), 'ok')
      await scene.onPrimary(['delete', 'mcc', 'again', '--timeout=60s'])
      assert.equal(await ask(joiner, { ...automatic, ...(await scene.token('manual', manual)) }), 'PendingApproval')
      assert.equal(await joiner.beat(), 'UnknownCluster')
      assert.equal(await ask(joiner, automatic), 'PendingApproval')
      await untilReason('again', 'PendingApproval')
    })
  })
})

function joinedOf(cluster: Cluster | undefined) {
  return cluster?.status?.conditions?.find(({ type }) => type === 'Joined')
}
