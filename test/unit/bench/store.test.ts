import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { withSection } from '../../../bench/report/results.ts'
import { resultStore } from '../../../bench/report/store.ts'
import { costPerJoin, measured } from './figures.fixture.ts'

const order = ['join', 'beat', 'growth']
const part = (name: string) => `<!-- generated: ${name} -->\n<!-- end -->\n`

describe('saved results', () => {
  let directory = ''
  let template = ''

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'conjoin-results-'))
    template = join(directory, 'template.md')
    await writeFile(template, ['budgets', ...order].map(part).join('by hand\n'))
  })

  after(async () => rm(directory, { recursive: true }))

  it('are none before anything was measured', async () => {
    assert.deepEqual(await resultStore(join(directory, 'nothing'), template).read(), [])
  })

  it('keep the other sections, each with the commit of its own run', async () => {
    const store = resultStore(directory, template)
    await store.write([measured('join', 'aaa'), measured('beat', 'bbb')])
    await store.write(withSection(await store.read(), measured('join', 'ccc'), order))
    assert.deepEqual(
      (await store.read()).map(({ name, commit }) => [name, commit]),
      [
        ['join', 'ccc'],
        ['beat', 'bbb'],
      ],
    )
    const page = await readFile(store.page, 'utf8')
    assert.match(page, /How fast is join\?[^]*commit `ccc`[^]*How fast is beat\?[^]*commit `bbb`/)
    assert.doesNotMatch(page, /aaa/)
  })

  it('stand in the order of the sections, whichever ran last', () => {
    const results = withSection([measured('growth', 'a'), measured('join', 'a')], measured('beat', 'b'), order)
    assert.deepEqual(
      results.map(({ name }) => name),
      order,
    )
  })

  it('have a picture for each curve, and none of a curve that is not drawn any more', async () => {
    const store = resultStore(directory, template)
    const folder = join(directory, 'benchmarks')
    await store.write([measured('join', 'a', { curves: [costPerJoin, { ...costPerJoin, id: 'other' }] })])
    assert.deepEqual((await readdir(folder)).toSorted(), ['join-cost.svg', 'other.svg', 'results.json'])
    await store.write([measured('join', 'a', { curves: [costPerJoin] })])
    assert.deepEqual((await readdir(folder)).toSorted(), ['join-cost.svg', 'results.json'])
  })
})
