import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { runAsLeader } from '../../src/kube/leader.ts'
import { leaseKind, microTime } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { countCalls } from '../support/kube-candidates.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { createRecordingLog } from '../unit/kube/recording-log.ts'

const namespace = 'default'
const fieldManager = 'test'

/** One turn of the event loop. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

/** Work that ends when it is told to. */
async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const { promise, resolve } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => resolve(), { once: true })
  await promise
}

describe('leader election on a real API server', { timeout: 60_000 }, () => {
  let controlPlane: ControlPlane
  let transport: KubeTransport
  let client: KubeClient

  before(async () => {
    controlPlane = await startControlPlane({ name: 'kube-leader' })
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-leader-test' })
    client = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  /** A candidate with a clock of its own, which leads until it is stopped. */
  function run(lease: string, identity: string, lead = aborted) {
    const clock = createManualClock({ now: Date.UTC(2040, 0, 1) })
    const { log, lines } = createRecordingLog()
    const stop = new AbortController()
    const leading = Promise.withResolvers<AbortSignal>()
    const counting = countCalls(client)
    const state = { over: false }
    const result = runAsLeader(
      { client: counting.client, namespace, lease, identity, clock, log },
      async (signal) => {
        leading.resolve(signal)
        await lead(signal)
      },
      stop.signal,
    ).finally(() => {
      state.over = true
    })
    /** Resolves when the candidate waits for nothing but time. */
    async function rest(): Promise<void> {
      while (!state.over && (counting.awaited() > 0 || clock.pending() === 0)) await turn()
    }
    return {
      clock,
      stop,
      result,
      leading: leading.promise,
      leads: () => lines.some(({ message }) => message === 'became leader'),
      rest,
      /** Lets time pass in steps, each when the candidate has come to rest, until `condition` holds or it has ended. */
      async pass(stepMs: number, condition: () => boolean = () => false): Promise<void> {
        for (await rest(); !state.over && !condition(); await rest()) await clock.advance(stepMs)
      },
    }
  }

  async function holderOf(lease: string): Promise<string | undefined> {
    return (await client.get(leaseKind, { namespace, name: lease }))?.spec?.holderIdentity
  }

  /** A lease that somebody else took and may not renew. */
  async function heldBy(holderIdentity: string, lease: string): Promise<void> {
    const renewTime = microTime(Date.UTC(2020, 0, 1))
    const spec = { holderIdentity, leaseDurationSeconds: 15, acquireTime: renewTime, renewTime, leaseTransitions: 4 }
    await client.create(leaseKind, { metadata: { namespace, name: lease }, spec })
  }

  it('lets one of two candidates lead, and hands over when that one stops', async () => {
    const candidates = [run('two', 'a'), run('two', 'b')] as const
    const winner = await Promise.race(candidates.map(async (candidate) => candidate.leading.then(() => candidate)))
    const other = candidates[0] === winner ? candidates[1] : candidates[0]
    await other.rest()
    assert.equal(other.leads(), false)
    winner.stop.abort()
    assert.equal(await winner.result, 'stopped')
    assert.equal(await holderOf('two'), '')
    await other.pass(2400, other.leads)
    assert.ok(other.clock.monotonic() < 5000, 'without waiting for the lease to run out')
    other.stop.abort()
    assert.equal(await other.result, 'stopped')
  })

  it('renews with times that the server accepts, and keeps counting the changes of hands', async () => {
    await heldBy('', 'renewed')
    const candidate = run('renewed', 'a')
    await candidate.leading
    const first = await client.get(leaseKind, { namespace, name: 'renewed' })
    await candidate.pass(2000, () => candidate.clock.monotonic() >= 2000)
    const key = { namespace, name: 'renewed' }
    const renewed = await client.get(leaseKind, key)
    const acquireTime = '2040-01-01T00:00:00.000000Z'
    const held = { holderIdentity: 'a', leaseDurationSeconds: 15, acquireTime, leaseTransitions: 5 }
    assert.deepEqual(first?.spec, { ...held, renewTime: acquireTime })
    assert.deepEqual(renewed?.spec, { ...held, renewTime: '2040-01-01T00:00:02.000000Z' })
    candidate.stop.abort()
    await candidate.result
  })

  it('judges a silent holder by 15 s of its own time, whatever the times in the lease say', async () => {
    await heldBy('silent', 'expired')
    const candidate = run('expired', 'a')
    await candidate.pass(2400, candidate.leads)
    assert.ok(candidate.clock.monotonic() >= 15_000, `after ${candidate.clock.monotonic()} ms`)
    assert.ok(candidate.clock.monotonic() <= 15_000 + 2 * 2400)
    candidate.stop.abort()
    await candidate.result
  })

  it('takes a lease at once that still names itself', async () => {
    await heldBy('a', 'own')
    const candidate = run('own', 'a')
    await candidate.leading
    assert.equal(candidate.clock.monotonic(), 0)
    candidate.stop.abort()
    await candidate.result
  })

  it('ends at once, and tells its work, when another holds the lease', async () => {
    const candidate = run('taken', 'a', async () => Promise.withResolvers<void>().promise)
    const signal = await candidate.leading
    const spec = { holderIdentity: 'b' }
    await client.mergePatch(leaseKind, { namespace, name: 'taken' }, { spec }, { fieldManager })
    await candidate.pass(2000)
    assert.equal(await candidate.result, 'lost')
    assert.equal(signal.aborted, true)
    assert.equal(await holderOf('taken'), 'b')
  })

  it('goes on when somebody else only labels the lease', async () => {
    const candidate = run('labelled', 'a')
    await candidate.leading
    const key = { namespace, name: 'labelled' }
    await client.mergePatch(leaseKind, key, { metadata: { labels: { seen: 'yes' } } }, { fieldManager })
    const mark = await controlPlane.auditLog.mark()
    await candidate.pass(2000, () => candidate.clock.monotonic() >= 2000)
    candidate.stop.abort()
    assert.equal(await candidate.result, 'stopped')
    const codes = (await controlPlane.auditLog.writesSince(mark)).map(({ verb, responseCode }) => [verb, responseCode])
    assert.deepEqual(codes, [
      ['update', 409],
      ['update', 200],
      ['update', 200],
    ])
    assert.equal((await client.get(leaseKind, key))?.metadata.labels?.['seen'], 'yes')
  })

  it('keeps the lease while its work ends, and gives it back only then', async () => {
    const finish = Promise.withResolvers<void>()
    const candidate = run('draining', 'a', async () => finish.promise)
    await candidate.leading
    candidate.stop.abort()
    await candidate.pass(2000, () => candidate.clock.monotonic() >= 20_000)
    assert.equal(await holderOf('draining'), 'a')
    finish.resolve()
    assert.equal(await candidate.result, 'stopped')
    assert.equal(await holderOf('draining'), '')
  })

  it('gives a lease back that somebody else has labelled meanwhile', async () => {
    const candidate = run('labelled-last', 'a')
    await candidate.leading
    const key = { namespace, name: 'labelled-last' }
    await client.mergePatch(leaseKind, key, { metadata: { labels: { seen: 'yes' } } }, { fieldManager })
    candidate.stop.abort()
    assert.equal(await candidate.result, 'stopped')
    const lease = await client.get(leaseKind, key)
    assert.deepEqual([lease?.spec?.holderIdentity, lease?.metadata.labels], ['', { seen: 'yes' }])
  })

  it('passes on what its work throws, after giving the lease back', async () => {
    const candidate = run('failing', 'a', async () => {
      throw new Error('the work failed')
    })
    await assert.rejects(candidate.result, /the work failed/)
    assert.equal(await holderOf('failing'), '')
  })

  it('needs no right but on the one lease by name', async () => {
    const kubeconfig = await controlPlane.serviceAccountKubeconfig(namespace, 'candidate')
    const role = [
      'create',
      'role',
      'candidate',
      '--verb=get,create,patch,update',
      '--resource=leases.coordination.k8s.io',
    ]
    await controlPlane.kubectl([...role, '--resource-name=narrow'])
    await controlPlane.kubectl([
      'create',
      'rolebinding',
      'candidate',
      '--role=candidate',
      '--serviceaccount=default:candidate',
    ])
    const narrow = await connect({ kubeconfig, userAgent: 'kube-leader-test' })
    const { log } = createRecordingLog()
    const deps = {
      client: createClient(narrow),
      namespace,
      lease: 'narrow',
      identity: 'a',
      clock: createManualClock(),
      log,
    }
    let led = false
    const result = await runAsLeader(
      deps,
      async () => {
        led = true
      },
      new AbortController().signal,
    )
    await narrow.close()
    assert.deepEqual([result, led], ['stopped', true])
  })

  it('counts as lost what it could not renew for 10 s, before another may take it', async () => {
    const candidate = run('cut-off', 'a')
    const signal = await candidate.leading
    const started = candidate.clock.monotonic()
    await controlPlane.stopApiServer()
    await candidate.pass(500)
    assert.equal(await candidate.result, 'lost')
    assert.equal(signal.aborted, true)
    const waited = candidate.clock.monotonic() - started
    assert.ok(waited >= 10_000 && waited < 15_000, `after ${waited} ms`)
    await controlPlane.startApiServer()
  })
})
