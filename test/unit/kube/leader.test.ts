import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type LeaderDeps, runAsLeader } from '../../../src/kube/leader.ts'
import type { Lease } from '../../../src/kube/objects.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'
import { apiError } from './scripted-client.ts'

const deadlineMs = 10_000

describe('a leader whose lease is not renewed', () => {
  it('has 10 s from when it last asked, however long its tries take to fail', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4000), { minLength: 1 }), async (failuresMs) => {
        const clock = createManualClock()
        const lease: Lease = { metadata: { namespace: 'ns', name: 'lease', resourceVersion: '1' } }
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
