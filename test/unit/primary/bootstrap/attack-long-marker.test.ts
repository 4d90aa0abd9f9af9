import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { decideBootstrap } from '../../../../src/primary/bootstrap/bootstrap.decide.ts'
import { bootstrap, entry } from '../objects.fixture.ts'

describe('a Bootstrap with an endless value in its annotation register', () => {
  it('keeps a status that can be stored, so that its Clusters stay deleted once they are', () => {
    const metadata = { annotations: { [annotations.register]: 'x'.repeat(250_000) } }
    const clusters = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`k${index}`, entry(`east-${index}`)]),
    )
    const world = {
      clusterNamed: () => undefined,
      primaryCluster: undefined,
      identityLost: false,
      hasEndpointFlag: false,
    }
    const subject = bootstrap('mine', clusters, { metadata })
    const { entries } = decideBootstrap({ bootstrap: subject, all: [subject], ...world })
    assert.ok(JSON.stringify(entries).length < 100_000)
    const again = bootstrap('mine', clusters, { metadata, status: { clusters: entries } })
    assert.deepEqual(decideBootstrap({ bootstrap: again, all: [again], ...world }).create, [])
  })
})
