/** Whom a replica has named it does not name again, and it remembers no more than a fleet that joins at once. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createNamedOnce } from '../../../../src/primary/join/named-once.ts'
import { cluster, member } from '../objects.fixture.ts'

const warrant = { kind: 'membership' } as const
const named = (uid: string, keyId = 'key') =>
  cluster('east', { metadata: { uid }, spec: { member: member({ keyId }) } })

describe('a cluster that asks again', () => {
  it('is named once for each way that it stands, and for each key', () => {
    const once = createNamedOnce()
    const asks = () => [
      once.isFirst('waiting', warrant, named('a')),
      once.isFirst('member', warrant, named('a')),
      once.isFirst('member', warrant, named('a', 'another key')),
      once.isFirst('member', warrant, named('b')),
    ]
    assert.deepEqual(asks(), [true, true, true, true])
    assert.deepEqual(asks(), [false, false, false, false])
  })

  it('is remembered before those who have not asked for longer, of whom the oldest is named anew', () => {
    const once = createNamedOnce()
    for (let count = 0; count < 4096; count += 1) once.isFirst('member', warrant, named(String(count)))
    assert.equal(once.isFirst('member', warrant, named('0')), false)
    assert.equal(once.isFirst('member', warrant, named('one more')), true)
    assert.equal(once.isFirst('member', warrant, named('0')), false)
    assert.equal(once.isFirst('member', warrant, named('1')), true)
  })
})
