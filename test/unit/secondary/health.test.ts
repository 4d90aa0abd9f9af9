/** The word that a cluster has for its own health. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KubeApiError } from '../../../src/kube/errors.ts'
import { freeText } from '../../../src/protocol/fields.ts'
import { createOwnHealth, toleratedFault } from '../../../src/secondary/health.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const failed = (verb: string, reason = 'Forbidden') =>
  new KubeApiError({ verb, resource: 'secrets' }, { status: 403, reason, message: 'made by the test' })

/** The word after passes that have ended so, one after the other, each so long after the one before. */
async function wordAfter(apart: number, ...endings: readonly (Error | undefined)[]): Promise<string> {
  const clock = createManualClock()
  const health = createOwnHealth(clock)
  for (const ending of endings) {
    await clock.advance(apart)
    const pass = health.watch(async () => {
      if (ending !== undefined) throw ending
      return 'done'
    })
    if (ending === undefined) assert.equal(await pass, 'done')
    else await assert.rejects(pass, ending)
  }
  return health.word()
}

describe('the health of a secondary', () => {
  const conflict = failed('apply', 'Conflict')
  const elsewhere = new Error('the primary does not answer')
  const cases: readonly (readonly [string, readonly (Error | undefined)[], string])[] = [
    ['at the start', [], 'ok'],
    ['when writes go on being refused', [failed('apply'), failed('apply')], 'api-write-failed'],
    ['when deletes go on being refused', [failed('delete'), failed('delete')], 'api-write-failed'],
    ['when reads go on being refused', [failed('get'), failed('get')], 'api-read-failed'],
    ['after a pass that succeeds again', [failed('apply'), failed('apply'), undefined], 'ok'],
    ['when the last failure is of another kind', [undefined, failed('get'), failed('apply')], 'api-write-failed'],
    ['after conflicts, which the next pass settles', [conflict, conflict], 'ok'],
    ['after failures that are not of its API server', [elsewhere, elsewhere], 'ok'],
  ]
  for (const [when, endings, word] of cases)
    it(`is ${word} ${when}`, async () => {
      assert.equal(await wordAfter(toleratedFault, ...endings), word)
      assert.ok(freeText.safeParse(word).success, 'the wire carries it')
    })

  it('is ok while the next tries may still settle it', async () => {
    assert.equal(await wordAfter(toleratedFault - 1, failed('apply'), failed('apply')), 'ok')
  })

  it('counts from the first of the passes that fail in a row', async () => {
    assert.equal(
      await wordAfter(toleratedFault / 2, failed('apply'), failed('apply'), failed('get')),
      'api-read-failed',
    )
  })

  it('is ok in a pass that takes long after one that has failed: it may wait for the primary', async () => {
    const clock = createManualClock()
    const health = createOwnHealth(clock)
    await assert.rejects(health.watch(async () => Promise.reject(failed('apply'))))
    await health.watch(async () => {
      await clock.advance(2 * toleratedFault)
      assert.equal(health.word(), 'ok')
    })
  })
})
