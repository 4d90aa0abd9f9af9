import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { markdownTable, replaceGenerated } from '../../../bench/report/markdown.ts'
import { pageWith } from '../../../bench/report/page.ts'
import { sections } from '../../../bench/sections/all.ts'
import { costPerJoin, measured, rate } from './figures.fixture.ts'

const page = `# Benchmarks
by hand
<!-- generated: budgets -->
old budgets
<!-- end -->
## Joins
<!-- generated: join -->
old joins
<!-- end -->
also by hand
<!-- generated: beat -->
old beats
<!-- end -->
`

describe('a generated part', () => {
  it('is replaced, and everything around it stays', () => {
    assert.equal(replaceGenerated(page, 'join', 'new joins\n'), page.replace('\nold joins\n', '\n\nnew joins\n\n'))
  })

  it('is the same after a second time', () => {
    const once = replaceGenerated(page, 'join', 'new joins')
    assert.equal(replaceGenerated(once, 'join', 'new joins'), once)
  })

  it('takes text that a pattern would read as a reference', () => {
    assert.match(replaceGenerated(page, 'join', 'costs $& and $1'), /costs \$& and \$1/)
  })

  it('is missed where the page has none', () => {
    assert.throws(() => replaceGenerated(page, 'idle', ''), /no generated part idle/)
  })
})

describe('a table in Markdown', () => {
  it('puts numbers on the right and keeps a cell in its row', () => {
    const table = { title: 'T', columns: ['what', 'ms'], rows: [['a|b\nc', 1234.5]] }
    assert.equal(markdownTable(table), '**T**\n\n| what | ms |\n| --- | ---: |\n| a\\|b c | 1,235 |\n')
  })
})

describe('the page', () => {
  const results = [measured('join', 'c0ffee1234567890', { figures: [rate], curves: [costPerJoin] })]
  const text = pageWith(page, results)

  it('says of each section by which command, at which commit and on what it was measured', () => {
    assert.match(text, /`npm run bench -- join` on 2026-11-21 at commit `c0ffee123456`, in 61\.2 s/)
    assert.match(text, /2 × Example CPU with 8 GiB, Linux 6\.1\.0; node v24\.21\.0, conjoin 0\.1\.0/)
  })

  it('admits uncommitted changes', () => {
    assert.doesNotMatch(text, /uncommitted/)
    assert.match(pageWith(page, [{ ...measured('join', 'c0ffee'), isClean: false }]), /with uncommitted changes/)
  })

  it('shows the figures, the pictures and, once for all sections, the budgets', () => {
    assert.match(text, /\| joins \| 120 a second \| 160 a second \(a bare client\) \| 0\.75 \| ratio at least 0\.6 \|/)
    assert.match(text, /!\[CPU time of a join\]\(benchmarks\/join-cost\.svg\)/)
    assert.match(text, /\| joins \| 0\.75 \| ratio at least 0\.6 \| met \|/)
  })

  it('of the documentation has a part for every section', async () => {
    const documentation = await readFile(join(import.meta.dirname, '../../../docs/benchmarks.md'), 'utf8')
    const filled = pageWith(
      documentation,
      sections.map(({ name }) => measured(name, 'c0ffee')),
    )
    for (const { name } of sections) assert.match(filled, new RegExp(`How fast is ${name}\\?`))
  })

  it('leaves the part of a section alone that nothing is known of', () => {
    assert.match(text, /old beats/)
  })
})
