/** Who gets which control plane, for as long as the connection lasts; what a lent one can do is for every e2e test to show. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { describe, it, type TestContext } from 'node:test'
import { type Loan, type LoanRequest, startLender } from '../../../tools/controlplane/lender.ts'
import { until } from '../../support/until.ts'

async function lenderOf(context: TestContext, fails: (name: string) => boolean = () => false) {
  const started: string[] = []
  const stopped: string[] = []
  const namespaces = new Map<string, readonly string[]>()
  const lender = await startLender(async (name) => {
    if (fails(name)) throw new Error('no room')
    const dir = `/${name}/${started.push(name)}`
    const items = () => (namespaces.get(dir) ?? []).map((made) => ({ metadata: { name: made } }))
    const get = async () => JSON.stringify({ items: items() })
    return { name, dir, url: '', kubeSystemUid: '', get, stop: async () => void stopped.push(dir) }
  })
  context.after(async () => lender.stop())
  async function borrow(name: string, borrower = 'somebody') {
    const connection = connect(lender.socket)
    connection.write(`${JSON.stringify({ name, borrower } satisfies LoanRequest)}\n`)
    const [line] = (await once(createInterface({ input: connection }), 'line')) as [string]
    const loan = JSON.parse(line) as Loan
    const got = 'error' in loan ? loan.error : loan.address.dir
    const make = (namespace: string) =>
      namespaces.set(got, [...(namespaces.get(got) ?? ['default', 'kube-system']), namespace])
    return { got, make, end: () => connection.destroy() }
  }
  return { lender, borrow, started, stopped }
}

describe('a lender of control planes', () => {
  it('gives one to one borrower at a time', async (context) => {
    const { borrow, started } = await lenderOf(context)
    const borrowers = await Promise.all([borrow('primary'), borrow('primary'), borrow('secondary')])
    assert.equal(new Set(borrowers.map(({ got }) => got)).size, 3)
    assert.deepEqual(started.toSorted(), ['primary', 'primary', 'secondary'])
  })

  it('gives it to the next when the connection of the one before has ended, by the same name only', async (context) => {
    const { borrow } = await lenderOf(context)
    const first = await borrow('primary')
    first.end()
    assert.equal((await borrow('secondary')).got, '/secondary/2')
    // Whoever asks before the end has been noticed gets another one.
    await until('it is lent again', async () => (await borrow('primary')).got === first.got)
  })

  it('says why there is none, and tries again for the next', async (context) => {
    let isFull = true
    const { borrow } = await lenderOf(context, () => isFull)
    assert.equal((await borrow('primary')).got, 'Error: no room')
    isFull = false
    assert.equal((await borrow('primary')).got, '/primary/1')
  })

  it('stops them all in the end, also those that are lent', async (context) => {
    const { lender, borrow, stopped } = await lenderOf(context)
    await borrow('primary')
    ;(await borrow('secondary')).end()
    await lender.stop()
    assert.deepEqual(stopped.toSorted(), ['/primary/1', '/secondary/2'])
    assert.ok(!existsSync(lender.socket))
  })

  it('tells in the end which namespace two borrowers have made, whatever they were lent', async (context) => {
    const { lender, borrow } = await lenderOf(context)
    const [a, b, alone] = await Promise.all([
      borrow('primary', 'a.test.ts'),
      borrow('primary', 'b.test.ts'),
      borrow('secondary', 'a.test.ts'),
    ])
    for (const { make } of [a, b, alone]) make('fleet')
    for (const { make } of [a, alone]) make('a-own')
    ;(await borrow('tertiary', 'c.test.ts')).make('fleet')
    assert.deepEqual(await lender.stop(), ['the namespace fleet of a primary is made by a.test.ts and b.test.ts'])
  })

  it('holds nobody to what those before him have made', async (context) => {
    const { lender, borrow } = await lenderOf(context)
    const first = await borrow('primary', 'a.test.ts')
    first.make('fleet')
    first.end()
    await until('it is lent again', async () => (await borrow('primary', 'b.test.ts')).got === first.got)
    assert.deepEqual(await lender.stop(), [])
  })
})
