import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { remember } from '../../../src/primary/remembered.ts'

describe('what every request asks for', () => {
  it('is made once, and anew after a change', () => {
    let made = 0
    const remembered = remember(() => {
      made += 1
      return made
    })
    assert.deepEqual([remembered.get(), remembered.get(), made], [1, 1, 1])
    remembered.forget()
    assert.deepEqual([remembered.get(), remembered.get(), made], [2, 2, 2])
  })

  it('is asked for again where it could not be made', () => {
    let isReady = false
    const remembered = remember(() => {
      if (!isReady) throw new Error('not ready')
      return 'ready'
    })
    assert.throws(remembered.get, /not ready/)
    isReady = true
    assert.equal(remembered.get(), 'ready')
  })
})
