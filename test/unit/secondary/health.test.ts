/** The word that a cluster has for its own health. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { KubeApiError } from '../../../src/kube/errors.ts'
import { freeText } from '../../../src/protocol/fields.ts'
import { createOwnHealth, toleratedFault } from '../../../src/secondary/health.ts'
import { createManualClock } from '../../support/manual-clock.ts'

const failed = (verb: string, reason = 'Forbidden') =>
  new KubeApiError({ verb, resource: 'secrets' }, { status: 403, reason, message: 'made by the test' })

/** The word after passes that have ended so, and so long after them. */
async function wordAfter(ms: number, ...endings: readonly (Error | undefined)[]): Promise<string> {
  const clock = createManualClock()
  const health = createOwnHealth(clock)
  for (const ending of endings) {
    const pass = health.watch(async () => {
      if (ending !== undefined) throw ending
      return 'done'
    })
    if (ending === undefined) assert.equal(await pass, 'done')
    else await assert.rejects(pass, ending)
  }
  await clock.advance(ms)
  return health.word()
}

describe('the health of a secondary', () => {
  const cases: readonly (readonly [string, readonly (Error | undefined)[], string])[] = [
    ['at the start', [], 'ok'],
    ['after a write that was refused', [failed('apply')], 'api-write-failed'],
    ['after a delete that was refused', [failed('delete')], 'api-write-failed'],
    ['after a read that was refused', [failed('get')], 'api-read-failed'],
    ['after a pass that succeeds again', [failed('apply'), undefined], 'ok'],
    ['while it goes on failing', [undefined, failed('get'), failed('apply')], 'api-write-failed'],
    ['after a conflict, which the next pass settles', [failed('apply', 'Conflict')], 'ok'],
    ['after a failure that is not of its API server', [new Error('the primary does not answer')], 'ok'],
  ]
  for (const [when, endings, word] of cases)
    it(`is ${word} ${when}`, async () => {
      assert.equal(await wordAfter(toleratedFault, ...endings), word)
      assert.ok(freeText.safeParse(word).success, 'the wire carries it')
    })

  it('is ok while the next tries may still settle it', async () => {
    assert.equal(await wordAfter(toleratedFault - 1, failed('apply')), 'ok')
  })

  it('counts from the first of the passes that fail in a row', async () => {
    const clock = createManualClock()
    const health = createOwnHealth(clock)
    for (const verb of ['apply', 'get']) {
      await assert.rejects(health.watch(async () => Promise.reject(failed(verb))))
      await clock.advance(toleratedFault / 2)
    }
    assert.equal(health.word(), 'api-read-failed')
  })
})
