import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { at, noon } from '../objects.fixture.ts'
import { foreignToken, joinBody, primaryWith } from './join-service.fixture.ts'

describe('a captured join that is sent again and again', () => {
  it('is looked up no more often than one cluster may ask', async () => {
    const { service, admissions } = primaryWith()
    const body = await joinBody(service, generateSigningKey())
    for (let time = 0; time < 5; time += 1) assert.equal((await service.join(body)).status, 200)
    const isBusy = (error: unknown) => error instanceof ProtocolError && error.code === 'Busy'
    await assert.rejects(service.join(body), isBusy)
    assert.equal(admissions(), 5)
  })
})

describe('a join that is refused', () => {
  it('counts against its source, also where the holder of a token has sent it', async () => {
    const { service } = primaryWith({ [annotations.expiresAt]: at(noon - 10 * 365 * 24 * 3_600_000) })
    const { status, isProven } = await service.join(await joinBody(service, generateSigningKey()))
    assert.deepEqual([status, isProven], [403, undefined])
  })

  it('writes no line for an operator where no token has been proved, which anybody can do', async () => {
    const { service, lines } = primaryWith()
    const key = generateSigningKey()
    assert.equal((await service.join(await joinBody(service, key, foreignToken()))).status, 403)
    assert.deepEqual(lines, [])
    assert.equal((await service.join(await joinBody(service, key))).status, 200)
    assert.deepEqual(lines, ['join admitted'])
  })
})

describe('joins with tokens that nobody knows', () => {
  it('hold up nobody while they wait for the API server', async () => {
    const looked = Promise.withResolvers<undefined>()
    const { service } = primaryWith({}, { live: async () => looked.promise })
    const foreign = foreignToken()
    const bodies = await Promise.all(
      // More than work and wait at once.
      Array.from({ length: 330 }, async () => joinBody(service, generateSigningKey(), foreign)),
    )
    const refused = bodies.map(async (body) => (await service.join(body)).status)
    assert.equal((await service.join(await joinBody(service, generateSigningKey()))).status, 200)
    looked.resolve(undefined)
    assert.deepEqual(new Set(await Promise.all(refused)), new Set([403]))
  })
})
