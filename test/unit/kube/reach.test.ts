import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { errorFromNetwork } from '../../../src/kube/errors.ts'
import { type Lease, leaseKind } from '../../../src/kube/objects.ts'
import { followReach } from '../../../src/kube/reach.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { apiError } from './scripted-client.ts'

const key = { namespace: 'ns', name: 'lease' }
const lease: Lease = { metadata: key }
const subject = { verb: 'get', resource: 'leases.coordination.k8s.io' }

/** How long the server has been silent, 5 s after each of these answers; the first comes after 5 s, too. */
async function silences(answers: readonly (Lease | undefined | Error)[]): Promise<readonly number[]> {
  const clock = createManualClock()
  let answer: Lease | undefined | Error
  const reply = async () => {
    if (answer instanceof Error) throw answer
    return answer as never
  }
  const reach = followReach({ get: reply, apply: reply, replace: reply }, clock)
  const seen: number[] = []
  for (answer of answers) {
    await clock.advance(5_000)
    const asked = reach.client.get(leaseKind, key)
    if (answer instanceof Error) await assert.rejects(asked, answer)
    else assert.equal(await asked, answer)
    seen.push(reach.silence())
  }
  return seen
}

describe('the silence of an API server', () => {
  it('ends with an answer, also one that there is no such object', async () => {
    assert.deepEqual(await silences([lease, undefined]), [0, 0])
  })

  it('ends with a refusal, and with the wish to be asked less often', async () => {
    const refusals = [apiError(403, 'Forbidden'), apiError(409, 'Conflict'), apiError(429, 'TooManyRequests')]
    assert.deepEqual(await silences(refusals), [0, 0, 0])
  })

  it('goes on where nobody answers, and where only a proxy does or a server without its database', async () => {
    const cut = errorFromNetwork(subject, Object.assign(new Error('cut'), { code: 'ECONNRESET' }))
    const failures = [cut, apiError(500, 'InternalError'), apiError(503, 'ServiceUnavailable'), new Error('aborted')]
    assert.deepEqual(await silences(failures), [5_000, 10_000, 15_000, 20_000])
  })

  it('is ended by whatever is asked', async () => {
    const clock = createManualClock()
    const reply = async () => lease as never
    const { client, silence } = followReach({ get: reply, apply: reply, replace: reply }, clock)
    const options = { fieldManager: 'test' }
    for (const ask of [
      async () => client.get(leaseKind, key),
      async () => client.apply(leaseKind, lease, options),
      async () => client.replace(leaseKind, lease, options),
    ]) {
      await clock.advance(1_000)
      await ask()
      assert.equal(silence(), 0)
    }
  })
})
