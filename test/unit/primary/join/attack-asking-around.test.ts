import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { cluster, member } from '../objects.fixture.ts'
import { joinBody, primaryWith } from './join-service.fixture.ts'

/** With what a join under the taken name "east" is refused, by a token with these annotations. */
async function refusal(more: Record<string, string>): Promise<unknown> {
  const { service } = primaryWith(more, {}, cluster('east', { spec: { member: member() } }))
  const { body } = await service.join(await joinBody(service, generateSigningKey()))
  const [, claims = ''] = (body as { result: string }).result.split('.')
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { code: string }).code
}

describe('the holder of a token that is used up', () => {
  it('is not told by it which names are taken', async () => {
    assert.equal(await refusal({ [annotations.maxUses]: '2', [annotations.usedBy]: 'a' }), 'NameTaken')
    assert.equal(await refusal({ [annotations.maxUses]: '1', [annotations.usedBy]: 'a' }), 'TokenExhausted')
  })
})
