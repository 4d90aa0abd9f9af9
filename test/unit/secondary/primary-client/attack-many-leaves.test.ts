import assert from 'node:assert/strict'
import { it } from 'node:test'
import { VouchedLeaves } from '../../../../src/secondary/primary-client/tls.ts'

it('a primary that vouches for another leaf every time fills no memory: the oldest go, what is in use stays', () => {
  const leaves = new VouchedLeaves()
  for (let count = 0; count < 1_000; count += 1) {
    leaves.add('hub', `leaf-${count}`)
    leaves.add('hub', 'in-use')
  }
  const kept = Array.from({ length: 1_000 }, (_, count) => leaves.has('hub', `leaf-${count}`)).filter(Boolean)
  assert.equal(kept.length, 63)
  assert.ok(leaves.has('hub', 'leaf-999'))
  assert.ok(leaves.has('hub', 'in-use'))
})
