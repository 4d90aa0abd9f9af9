import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { viewLease } from '../../../../../src/cli/diagnosis/gather/lease-view.ts'
import { createReader } from '../../../../../src/cli/diagnosis/gather/reader.ts'
import type { Lease } from '../../../../../src/kube/objects.ts'
import { clientOf } from './stored.fixture.ts'

const now = Date.parse('2030-01-31T12:00:00Z')

/** Looks at a lease that is stored in these versions, one after the other; gives the view and how often it waited. */
async function view(...versions: readonly { holder: string; renewed: number }[]) {
  let reads = 0
  let waits = 0
  const client = {
    ...clientOf({}),
    get: async () => {
      const at = Math.min(reads, versions.length - 1)
      reads += 1
      const { holder, renewed } = versions[at] ?? { holder: '', renewed: 0 }
      const spec = { holderIdentity: holder, renewTime: new Date(renewed).toISOString() }
      return { metadata: { name: 'lease', resourceVersion: String(at) }, spec } satisfies Lease as never
    },
  }
  const sleep = async () => {
    waits += 1
  }
  const reading = await viewLease(
    { reader: createReader(client), now, clock: { sleep } },
    { namespace: 'n', name: 'l' },
  )
  assert.equal(reading.kind, 'read')
  return { lease: reading.value, waits }
}

const year = 365 * 86_400_000

describe('a lease', () => {
  it('that was renewed a moment ago needs no second look', async () => {
    const { lease, waits } = await view({ holder: 'pod', renewed: now - 2_000 })
    assert.deepEqual([lease?.isRenewed, waits], [true, 0])
  })

  it('is renewed where it changes while one looks, whatever the clock of its holder says', async () => {
    const { lease } = await view({ holder: 'pod', renewed: now - year }, { holder: 'pod', renewed: now - year + 2_000 })
    assert.deepEqual([lease?.isRenewed, lease?.renewedAt], [true, now - year + 2_000])
  })

  it('is not renewed where it stays the same for longer than a holder would let it', async () => {
    const { lease, waits } = await view({ holder: 'pod', renewed: now - year })
    assert.equal(lease?.isRenewed, false)
    assert.ok(waits * 500 > 2 * 2_000, `looked for ${waits * 500} ms`)
  })

  it('that was given back is not waited for', async () => {
    const { lease, waits } = await view({ holder: '', renewed: now - year })
    assert.deepEqual([lease?.isRenewed, waits], [false, 0])
  })
})
