/** A membership ends whole, wherever the process that ends it was interrupted, and the primary is told once it may be. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { encodeClusterInfo } from '../../../../src/api/mc-cluster-info.ts'
import { encodeIdentity } from '../../../../src/api/mc-identity.ts'
import { joinHash } from '../../../../src/api/mc-join.ts'
import { decodeJoinStatus, encodeJoinStatus } from '../../../../src/api/mc-join-status.ts'
import { encodeSecretData } from '../../../../src/api/secret-data.ts'
import type { Outcome } from '../../../../src/kube/controller.ts'
import type { EventInput } from '../../../../src/kube/events.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey, toPrivatePem } from '../../../../src/protocol/keys.ts'
import { issueToken } from '../../../../src/protocol/token.ts'
import { createIdentityKeeper } from '../../../../src/secondary/identity/identity-keeper.ts'
import { freshAttempts } from '../../../../src/secondary/join/attempts.ts'
import { readContent } from '../../../../src/secondary/join/content.ts'
import { createDeparture } from '../../../../src/secondary/join/departure.ts'
import { createJoinReconcile } from '../../../../src/secondary/join/join.reconcile.ts'
import { createObstacles } from '../../../../src/secondary/join/obstacles.ts'
import { noContact, type Word } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import type { Member } from '../../../../src/secondary/membership/member.ts'
import type { ObjectStore } from '../../../../src/secondary/objects.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { forever, silent } from '../lines.fixture.ts'

const key = generateSigningKey()
const primaryKey = generateSigningKey()
const membership = {
  primaryUid: 'hub-uid',
  primaryName: 'hub',
  clusterName: 'east',
  dialect: 'first',
  endpoint: 'https://hub.example',
  endpoints: [],
  keys: { current: { kid: primaryKey.thumbprint, x: primaryKey.x } },
} as const
const joined = { membership, token: new Redacted('communication-token') }
const { text: token } = issueToken({ uid: 'hub-uid', key: primaryKey, endpoints: ['https://hub.example'] })
const mcJoin = encodeSecretData({ endpoint: 'https://hub.example', token: token.reveal() })

const hashOf = () => joinHash(mcJoin, undefined, undefined)
const former = { membership: { ...membership, primaryUid: 'former-uid' }, token: new Redacted('former-token') }

class Crash extends Error {}

describe('the end of a membership', () => {
  const clock = createManualClock()
  /** What the API server has. */
  let stored: Map<string, Secret>
  /** Everything that was done, in order. */
  let steps: string[]
  /** The process ends before or after so many writes. */
  let crash: { readonly at: number; readonly when: 'before' | 'after' } | undefined
  /** What is told in Events. */
  let told: EventInput[]
  let word: Word
  let untold: ProtocolError | undefined
  let reconcile: ReturnType<typeof createJoinReconcile>

  function put(name: string, data: Record<string, string>, more: Record<string, string> = {}): void {
    stored.set(name, { metadata: { name, namespace: 'kasten-io', annotations: more }, type: 'Opaque', data })
  }

  async function write<T>(step: string, carryOut: () => T): Promise<T> {
    const nth = steps.filter((done) => /^(write|remove|tell the former) /.test(done)).length
    if (crash?.at === nth && crash.when === 'before') throw new Crash()
    steps.push(step)
    const result = carryOut()
    if (crash?.at === nth) throw new Crash()
    return result
  }

  const objects: ObjectStore = {
    readGiven: async () => ({ join: stored.get('mc-join'), config: undefined }),
    readAll: async () => ({
      ...(await objects.readGiven()),
      status: stored.get('mc-join-status'),
      clusterInfo: stored.get('mc-cluster-info'),
      identity: stored.get('mc-identity'),
    }),
    write: async (name, { data, annotations: more = {} }) =>
      write(`write ${name}`, () => {
        put(name, data, { ...stored.get(name)?.metadata.annotations, ...more })
        return stored.get(name) as Secret
      }),
    async remove(secret) {
      if (secret === undefined || !stored.has(secret.metadata.name)) return
      await write(`remove ${secret.metadata.name}`, () => stored.delete(secret.metadata.name))
    },
  }

  /** A process that begins: it knows what is stored, and nothing else. */
  function startProcess(): void {
    const events = { record: (event: EventInput) => told.push(event), flush: async () => undefined }
    const identity = createIdentityKeeper({ objects, ownUid: 'own-uid' })
    const heartbeats = {
      follow: (member: unknown) => {
        const step = member === undefined ? 'beats stop' : 'beats go on'
        if (steps.at(-1) !== step) steps.push(step)
      },
      contact: () => ({ ...noContact(), word }),
      beat: async () => noContact(),
      run: async () => undefined,
    }
    const farewell = {
      async tell(member: Member) {
        const { primaryUid } = member.info.membership
        if (primaryUid === 'former-uid') return write('tell the former primary', () => untold)
        steps.push('tell')
        return untold
      },
    }
    reconcile = createJoinReconcile({
      objects,
      identity,
      heartbeats,
      rekey: { advance: async ({ identity: own }) => ({ identity: own }), failure: () => undefined },
      joiner: {
        attempts: ({ content }) => freshAttempts(content.hash),
        async ask({ status }, { first }) {
          if (first !== undefined) await status.record(first)
          steps.push('ask')
          return { kind: 'done' }
        },
        confirm: async () => ({ kind: 'done' }),
        contentChanged: () => undefined,
      },
      departure: createDeparture({ objects, identity, heartbeats, farewell }),
      obstacles: createObstacles({ events, log: silent }),
      events,
      readContent: (objectsGiven) => readContent(objectsGiven, { allowHttp: false }),
      ownUid: 'own-uid',
      installation: { namespace: 'kasten-io', releaseName: 'k10' },
      clock,
      log: silent,
    })
  }

  /** Until nothing is left to do at once. */
  async function run(): Promise<void> {
    let outcome: Outcome
    do outcome = await reconcile({ log: silent, signal: forever })
    while (outcome.kind === 'again' && outcome.afterMs === 0)
  }

  /** A member whose user wants it to leave. */
  function begin(): void {
    steps = []
    told = []
    crash = undefined
    word = { kind: 'ok' }
    untold = undefined
    const hash = hashOf()
    const status = { status: 'Joined', msg: '', timestamp: '2030-01-01T00:00:00Z', hash } as const
    const identity = encodeIdentity({ clusterUid: 'own-uid', privateKey: new Redacted(toPrivatePem(key)), joined })
    stored = new Map()
    put('mc-join', mcJoin)
    put('mc-join-status', encodeJoinStatus(status, 'first'))
    put('mc-identity', identity.data, identity.annotations)
    put('mc-cluster-info', encodeClusterInfo(joined), { [annotations.leave]: 'now' })
    startProcess()
  }
  beforeEach(begin)

  const message = () => decodeJoinStatus(stored.get('mc-join-status')?.data)?.msg ?? ''
  function assertEnded(what: string): void {
    assert.equal(stored.has('mc-cluster-info'), false, what)
    const { membership: left = '', token: leftToken = '', key: kept = '' } = stored.get('mc-identity')?.data ?? {}
    assert.deepEqual([left, leftToken, kept === ''], ['', '', false], what)
  }

  it('that the user wants comes with the last word to the primary first, and what carries the wish goes last', async () => {
    await run()
    assert.deepEqual(steps, [
      'beats stop',
      'tell',
      'write mc-join-status',
      'write mc-identity',
      'remove mc-cluster-info',
      'beats stop',
    ])
    assert.match(message(), /^Left: east left hub; /)
    assertEnded('undisturbed')
  })

  it('that the user wants is told in an Event on mc-join that is no warning', async () => {
    await run()
    const events = told.map(({ regarding, type, reason, note }) => [regarding.metadata.name, type, reason, note])
    assert.deepEqual(events, [['mc-join', 'Normal', 'Left', message()]])
  })

  it('that the user wants ends whole wherever the process ends, and says what was so at the time', async () => {
    for (const at of [0, 1, 2])
      for (const when of ['before', 'after'] as const) {
        const what = `${when} write ${at}`
        begin()
        crash = { at, when }
        await assert.rejects(run(), Crash, what)
        const said = message()
        crash = undefined
        startProcess()
        // From now on the primary cannot be reached, and what was told once has been told.
        untold = new ProtocolError('ConnectRefused', 'the primary cannot be reached')
        await run()
        assertEnded(what)
        const wasSaid = said.startsWith('Left: ')
        assert.match(message(), /^Left: /, what)
        if (wasSaid) assert.equal(message(), said, what)
        assert.equal(steps.filter((step) => step === 'tell').length, wasSaid ? 1 : 2, what)
        await run()
        assert.match(message(), /^Left: /, 'and it stays so')
        assert.ok(!steps.includes('ask'), what)
      }
  })

  it('that the user wants leaves new content of mc-join to be tried', async () => {
    put('mc-join', { ...mcJoin, ...encodeSecretData({ clusterName: 'west' }) })
    await run()
    assertEnded('new content')
    assert.deepEqual(steps.slice(-2), ['write mc-join-status', 'ask'])
    assert.match(message(), /^InProgress: /)
  })

  it('that the user wants does not wait for a primary that cannot be told', async () => {
    untold = new ProtocolError('ConnectRefused', 'the primary cannot be reached')
    await run()
    assertEnded('untold')
    assert.match(message(), /^Left: east left hub, and the primary was not told: the primary cannot be reached; /)
  })

  it('that the user wants takes away also what is left without the key', async () => {
    stored.delete('mc-identity')
    await run()
    assert.equal(stored.has('mc-cluster-info'), false)
    assert.ok(!steps.includes('tell') && !steps.includes('ask'))
    assert.match(message(), /^Left: /)
  })

  it('by the primary is acknowledged when everything is cleaned up, and not before', async () => {
    put('mc-cluster-info', encodeClusterInfo(joined))
    word = { kind: 'disconnected', at: Date.UTC(2030, 0, 1) }
    await run()
    assert.deepEqual(steps, [
      'beats go on',
      'write mc-join-status',
      'remove mc-cluster-info',
      'write mc-identity',
      'beats stop',
      'tell',
      'beats stop',
    ])
    assertEnded('disconnected')
    assert.match(message(), /^Disconnected: /)
  })

  describe('because the cluster has moved to another primary', () => {
    function move(status: 'Joining' | 'Joined'): void {
      put('mc-cluster-info', encodeClusterInfo(joined))
      put('mc-join-status', encodeJoinStatus({ status, msg: '', timestamp: '', hash: hashOf() }, 'first'))
      const privateKey = new Redacted(toPrivatePem(key))
      const identity = encodeIdentity({ clusterUid: 'own-uid', privateKey, joined, former })
      put('mc-identity', identity.data, identity.annotations)
    }
    const isUntold = () => (stored.get('mc-identity')?.data?.['former.token'] ?? '') !== ''

    it('is told to the former primary once, and does not depend on it', async () => {
      move('Joined')
      untold = new ProtocolError('ConnectRefused', 'the primary cannot be reached')
      await run()
      await run()
      const done = steps.filter((step) => step !== 'beats go on' && step !== 'write mc-join-status')
      assert.deepEqual(done, ['tell the former primary', 'write mc-identity'])
      assert.deepEqual([message(), stored.has('mc-cluster-info'), isUntold()], ['', true, false])
    })

    it('is not told before the present primary has confirmed', async () => {
      move('Joining')
      await run()
      assert.deepEqual([steps.includes('tell the former primary'), isUntold()], [false, true])
    })

    for (const [at, when] of [
      [0, 'before'],
      [0, 'after'],
      [1, 'before'],
      [1, 'after'],
    ] as const)
      it(`is told where the process dies ${when} step ${at} of telling`, async () => {
        move('Joined')
        crash = { at, when }
        await assert.rejects(run(), Crash)
        crash = undefined
        const told = steps.includes('tell the former primary')
        steps = []
        startProcess()
        await run()
        assert.ok(told || steps.includes('tell the former primary'))
        assert.equal(isUntold(), false)
      })

    it('is told also where the cluster has left the present primary before', async () => {
      move('Joining')
      put('mc-cluster-info', encodeClusterInfo(joined), { [annotations.leave]: 'now' })
      await run()
      assert.deepEqual(
        steps.filter((step) => step.startsWith('tell')),
        ['tell', 'tell the former primary'],
      )
      assertEnded('left')
      assert.equal(isUntold(), false)
    })
  })

  it('is no matter of an empty annotation', async () => {
    put('mc-cluster-info', encodeClusterInfo(joined), { [annotations.leave]: '' })
    await run()
    assert.deepEqual(
      steps.filter((step) => step !== 'write mc-join-status'),
      ['beats go on'],
    )
  })

  it('is not begun while a Secret of somebody else stands in the way: the member goes on', async () => {
    const status = stored.get('mc-join-status') as Secret
    stored.set('mc-join-status', { ...status, immutable: true })
    await run()
    assert.deepEqual(steps, ['beats go on'])
    assert.ok(stored.has('mc-cluster-info'))
  })
})
