/** What a secondary makes of changes by its user: while it asks, while it is refused, and while it is a member. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { issueToken } from '../../src/protocol/token.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { exchangeName } from '../support/join-steps.ts'
import type { Plain } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { handled, handledWithoutMcJoin } from '../support/role-reports.ts'
import type { Scene } from '../support/scene.ts'
import { StreamGate } from '../support/stream-gate.ts'
import { until } from '../support/until.ts'

/** Fit to be seen, and wrong for good: it is judged without a request. */
const nonsense = { endpoint: 'https://primary.example.com', token: 'nonsense' }
const nonsenseMsg = /^TokenMalformed: the token in mc-join does not start with "mcj1\."; /

describe('a secondary whose mc-join is changed', () => {
  let pair: Pair
  let scene: Scene
  /** Between the two; it can hold answers back. */
  let way: FaultProxy
  let secondary: RoleProcess
  let given: Plain
  /** The answers to the second step of a join pass it. */
  let gate: StreamGate
  let scenes = 0

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  beforeEach(async () => {
    scenes += 1
    gate = new StreamGate()
    scene = await pair.scene(`change-${scenes}`, {
      scheme: 'http',
      secondaryFlags: { 'allow-insecure-primary-ingress': 'true' },
    })
    way = await startFaultProxy({
      target: () => scene.endpoint,
      recognise: exchangeName,
      through: (request) => (exchangeName(request) === 'POST join' ? gate.stream() : undefined),
    })
    await scene.startPrimary()
    await scene.bootstrap({ url: way.url })
    given = await scene.token()
    secondary = await scene.startSecondary()
  })

  afterEach(async () => {
    await scene.end()
    await way.close()
  })

  const asked = (name: string) => way.passed().filter((passed) => passed === name).length
  const membership = async () => (await scene.readOnSecondary<Secret>('secret', 'mc-identity'))?.data?.['membership']

  /** The fence: the secondary has looked at a version of mc-join that is younger than whatever happened before. */
  async function fence(): Promise<void> {
    await scene.onSecondary(['annotate', 'secret', 'mc-join', `example.com/fence=${Date.now()}`, '--overwrite'])
    await handled(secondary, 'join', await scene.readOnSecondary('secret', 'mc-join'))
  }

  /** The primary has admitted this cluster, and its answer is on the way. */
  async function untilAnswerIsHeld(): Promise<void> {
    gate.hold()
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await until('the answer has reached the gate', async () => gate.waiting() > 0)
  }

  it('never writes the answer of an exchange whose content was edited meanwhile', async () => {
    await untilAnswerIsHeld()
    await scene.mcJoin(nonsense)
    gate.open()
    await scene.untilStatus('Rejected', nonsenseMsg)
    await fence()
    assert.equal(await scene.clusterInfo(), undefined)
    assert.equal(await membership(), undefined)
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await scene.untilStatus('Joined', /^$/)
  })

  it('never writes the answer of an exchange whose mc-join was deleted meanwhile', async () => {
    await untilAnswerIsHeld()
    await scene.untilStatus('Joining')
    await scene.onSecondary(['delete', 'secret', 'mc-join'])
    gate.open()
    await until('nobody speaks of a join any more', async () => (await scene.status()) === undefined)
    await scene.mcJoin(nonsense)
    await scene.untilStatus('Rejected', nonsenseMsg)
    assert.equal(await scene.clusterInfo(), undefined)
    assert.equal(await membership(), undefined)
  })

  it('takes no notice of the white space that copying leaves around values', async () => {
    const values = Object.entries({ ...given, clusterName: 'east' }).map(([key, value]) => [key, `\n  ${value} \r\n`])
    await scene.mcJoin(Object.fromEntries(values) as Plain)
    await scene.untilStatus('Joined', /^$/)
    assert.equal((await scene.clusterInfo())?.['clusterName'], 'east')
  })

  it('keeps one message while the same fault lasts, however often it tries', async () => {
    const endpoint = 'http://127.0.0.1:1'
    const token = issueToken({ uid: 'another-primary', key: generateSigningKey(), endpoints: [endpoint] }).text.reveal()
    await scene.mcJoin({ endpoint, token })
    await scene.untilStatus('Joining', /^ConnectRefused: /)
    const before = await scene.readOnSecondary('secret', 'mc-join-status')
    await secondary.logged(
      'it has tried twice more',
      (line) => line.msg === 'the join did not succeed' && Number(line['attempts']) >= 3,
    )
    // What the third try had to say is written before its pass ends.
    await fence()
    const { attempts, ...rest } = await annotationsOf('mc-join-status')
    const since = await scene.readOnSecondary('secret', 'mc-join-status')
    assert.deepEqual([attempts, Object.keys(rest).toSorted()], ['1', ['last-attempt', 'next-retry']])
    assert.equal(since?.metadata.resourceVersion, before?.metadata.resourceVersion)
  })

  it('disconnects nobody when a member loses its mc-join', async () => {
    await scene.mcJoin({ ...given, clusterName: 'east' })
    const before = await scene.untilStatus('Joined')
    const info = await scene.clusterInfo()
    const asks = asked('POST join')
    await handledWithoutMcJoin(secondary, async () => scene.onSecondary(['delete', 'secret', 'mc-join']))
    const beats = asked('POST clusters/east/heartbeat')
    await until('it beats on', async () => asked('POST clusters/east/heartbeat') > beats)
    assert.deepEqual(await scene.status(), before)
    assert.deepEqual(await scene.clusterInfo(), info)
    assert.equal(asked('POST join'), asks)
    await scene.untilReady('east')
  })

  it('says of a member that a refusal is about this mc-join only, and asks no more after a restart', async () => {
    await scene.mcJoin({ ...given, clusterName: 'east' })
    await scene.untilStatus('Joined')
    const info = await scene.clusterInfo()
    const revoked = await scene.token('revoked')
    await scene.onPrimary(['delete', 'secret', 'revoked'])
    await scene.mcJoin({ ...revoked, clusterName: 'east' })
    const refusal = await scene.untilStatus('Rejected')
    assert.equal(
      refusal['msg'],
      'TokenInvalid: Invalid join token; create a new join token on the primary and put it into mc-join (the membership of primary-cluster-1 as east goes on)',
    )
    const asks = asked('POST join/challenge')
    await scene.stop(secondary)
    secondary = await scene.startSecondary()
    await fence()
    assert.equal(asked('POST join/challenge'), asks)
    assert.deepEqual(await scene.status(), refusal)
    assert.deepEqual(await scene.clusterInfo(), info)
    await scene.untilReady('east')
  })

  /** Ours, without their prefix. */
  async function annotationsOf(name: string): Promise<Record<string, string>> {
    const secret = await scene.readOnSecondary('secret', name)
    const own = Object.entries(secret?.metadata.annotations ?? {}).map(
      ([key, value]) => [key.replace('dist.kio.kasten.io/', ''), value] as const,
    )
    return Object.fromEntries(own)
  }
})
