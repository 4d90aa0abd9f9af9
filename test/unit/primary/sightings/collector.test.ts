/** What replicas that have gone leave behind is removed, and what a living one tells is not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ConfigMap, configMapKind } from '../../../../src/kube/objects.ts'
import { collectSightings } from '../../../../src/primary/sightings/collector.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'

const minute = 60_000

function world() {
  const api = createMemoryApi()
  const clock = createManualClock()
  const { log, lines } = createRecordingLog()
  const stop = new AbortController()
  const left = api.put<ConfigMap>(configMapKind, { metadata: { namespace: 'conjoin-system', name: 'left-behind' } })
  /** As the cache shows it: silent since the start. */
  const told = { silentFor: (ms: number) => (clock.monotonic() >= ms ? [left] : []) }
  const ended = collectSightings({ client: api.client, told, clock, log }, stop.signal)
  return { api, clock, lines, left, stop: () => stop.abort(), ended }
}

describe('the ConfigMap of a replica that has gone', () => {
  it('is removed after ten minutes', async () => {
    const { api, clock, stop, ended } = world()
    await clock.advance(10 * minute - 1)
    assert.equal(api.all(configMapKind).length, 1)
    await clock.advance(minute)
    assert.deepEqual(api.all(configMapKind), [])
    stop()
    await ended
  })

  it('is removed later where the API server was away', async () => {
    const { api, clock, lines } = world()
    api.before = () => {
      throw failure(503, 'ServiceUnavailable')
    }
    await clock.advance(11 * minute)
    assert.ok(lines.some(({ level }) => level === 'warn'))
    api.before = () => undefined
    await clock.advance(minute)
    assert.deepEqual(api.all(configMapKind), [])
  })

  it('stays where that replica has just written it, which the cache does not show yet', async () => {
    const { api, clock, left, lines } = world()
    api.putUnseen(configMapKind, { ...left, data: { written: 'now' } })
    await clock.advance(11 * minute)
    assert.equal(api.all(configMapKind).length, 1)
    assert.deepEqual(
      lines.map(({ level }) => level),
      lines.map(() => 'debug'),
    )
  })
})
