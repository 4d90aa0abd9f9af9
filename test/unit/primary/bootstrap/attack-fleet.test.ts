import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Bootstrap } from '../../../../src/api/bootstrap.ts'
import { Store } from '../../../../src/kube/store.ts'
import { bootstrapIndexes, isRegisteredAhead, rivals } from '../../../../src/primary/bootstrap/precedence.ts'
import { bootstrap, entry, madeByJoin, primaryEntry } from '../objects.fixture.ts'

const record = (name: string) => bootstrap(name, { cluster: entry(name) }, { metadata: madeByJoin })

describe('among the records of a fleet', () => {
  const store = new Store<Bootstrap>(bootstrapIndexes)
  const mine = bootstrap('mine', { a: primaryEntry, b: entry('east-7') })
  const second = bootstrap('second', { a: primaryEntry })
  const fleet = Array.from({ length: 1_000 }, (_, index) => record(`east-${index}`))
  for (const object of [...fleet, mine, second]) store.put(object)
  const namesOf = (objects: readonly Bootstrap[]) => objects.map(({ metadata }) => metadata.name).toSorted()

  it('a Bootstrap is weighed against those alone that want the same', () => {
    assert.deepEqual(namesOf(rivals(record('east-8'), store)), ['east-8'])
    assert.deepEqual(namesOf(rivals(record('east-7'), store)), ['east-7', 'mine'])
    assert.deepEqual(namesOf(rivals(mine, store)), ['east-7', 'mine', 'second'])
  })

  it('a name is registered ahead by a Bootstrap of a user’s only', () => {
    assert.deepEqual([isRegisteredAhead('east-7', store), isRegisteredAhead('east-8', store)], [true, false])
  })
})
