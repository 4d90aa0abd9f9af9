import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { errorFromAnswer } from '../../../src/kube/errors.ts'
import { type LeaderDeps, runAsLeader } from '../../../src/kube/leader.ts'
import type { Lease } from '../../../src/kube/objects.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'
import { apiError } from './scripted-client.ts'

const deadlineMs = 10_000
const subject = { verb: 'get', resource: 'leases.coordination.k8s.io' }
const lease: Lease = { metadata: { namespace: 'ns', name: 'lease', resourceVersion: '1' } }
const heldLease: Lease = { ...lease, spec: { holderIdentity: 'another', leaseDurationSeconds: 600 } }

describe('a leader whose lease is not renewed', () => {
  it('has 10 s from when it last asked, however long its tries take to fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4000), { minLength: 1 }), async (failuresMs) => {
        const clock = createManualClock()
        let writes = 0
        const client = {
          get: async () => lease,
          apply: async () => lease,
          async replace(_kind: unknown, object: Lease) {
            writes += 1
            if (writes === 1) return object
            await clock.sleep(failuresMs[writes % failuresMs.length] ?? 0)
            throw apiError(500, 'InternalError')
          },
        } as LeaderDeps['client']
        const deps = { client, namespace: 'ns', lease: 'lease', identity: 'a', clock, log: createRecordingLog().log }
        let lostAt: number | undefined
        const lead = async (signal: AbortSignal) => {
          signal.addEventListener('abort', () => {
            lostAt = clock.monotonic()
          })
          return Promise.withResolvers<void>().promise
        }
        const result = runAsLeader(deps, lead, new AbortController().signal)
        await clock.advance(2 * deadlineMs)
        assert.equal(await result, 'lost')
        assert.equal(lostAt, deadlineMs)
        assert.ok(writes >= 3, 'it has tried more than once')
      }),
    )
  })
})

describe('an API server that asks candidates to stay away for a while', () => {
  /** When a candidate has asked for a lease; what it asks at these times is refused with this wish. */
  async function askedAt(options: { refusals: number; seconds: number; forMs: number }): Promise<readonly number[]> {
    const clock = createManualClock()
    const asked: number[] = []
    const reply = async () => {
      asked.push(clock.monotonic())
      if (asked.length > options.refusals) return heldLease as never
      throw errorFromAnswer(subject, { status: 429, body: '{}', retryAfter: String(options.seconds) })
    }
    const client = { get: reply, apply: reply, replace: reply }
    const stop = new AbortController()
    const deps = { client, namespace: 'ns', lease: 'lease', identity: 'a', clock, log: createRecordingLog().log }
    const ended = runAsLeader(deps, async () => assert.fail('it leads'), stop.signal)
    await clock.advance(options.forMs)
    stop.abort()
    await ended
    return asked
  }

  it('is left alone so long, and then asked as ever', async () => {
    const [first, second = 0, third = 0] = await askedAt({ refusals: 1, seconds: 7, forMs: 30_000 })
    assert.equal(first, 0)
    assert.ok(second >= 7_000 && second <= 8_400, `asked again after ${second} ms`)
    assert.ok(third - second >= 2_000 && third - second <= 2_400, `and once more after ${third - second} ms`)
  })

  it('is asked before a candidate would have to be taken for dead, whatever it wishes', async () => {
    const [, second = 0] = await askedAt({ refusals: 1, seconds: 300, forMs: 30_000 })
    assert.ok(second >= 10_000 && second <= 12_000, `asked again after ${second} ms`)
  })

  it('is left alone by the leader too, but for a last try in time', async () => {
    const clock = createManualClock()
    const renewals: number[] = []
    const client = {
      get: async () => lease,
      apply: async () => lease,
      async replace(_kind: unknown, object: Lease) {
        renewals.push(clock.monotonic())
        if (renewals.length === 1 || renewals.length > 3) return object
        throw errorFromAnswer(subject, { status: 429, body: '{}', retryAfter: renewals.length === 2 ? '3' : '300' })
      },
    } as LeaderDeps['client']
    const stop = new AbortController()
    const deps = { client, namespace: 'ns', lease: 'lease', identity: 'a', clock, log: createRecordingLog().log }
    const lead = async (signal: AbortSignal) => clock.sleep(60_000, signal).catch(() => undefined)
    const ended = runAsLeader(deps, lead, stop.signal)
    await clock.advance(11_000)
    assert.deepEqual(renewals, [0, 2_000, 5_000, 8_000, 10_000])
    stop.abort()
    assert.equal(await ended, 'stopped')
  })
})

describe('a candidate on a connection that has fallen silent', () => {
  it('asks again after ten seconds, on another one, and stops at once when it is told to', async () => {
    const clock = createManualClock()
    let asked = 0
    const client = {
      async get(_kind: unknown, _key: unknown, { signal }: { signal: AbortSignal }) {
        asked += 1
        await once(signal, 'abort')
        throw signal.reason as Error
      },
    } as unknown as LeaderDeps['client']
    const stop = new AbortController()
    const deps = { client, namespace: 'ns', lease: 'lease', identity: 'a', clock, log: createRecordingLog().log }
    const ended = runAsLeader(deps, async () => assert.fail('it leads'), stop.signal)
    await clock.advance(25_000)
    assert.equal(asked, 3)
    stop.abort()
    assert.equal(await ended, 'stopped')
  })
})
