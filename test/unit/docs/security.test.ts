/** docs/security.md leaves out no threat, and names no test and no file that is not there. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { describe, it } from 'node:test'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/security.md'), 'utf8')
/** The folders that the page's first sentence gives short names to. */
const shortNames: Readonly<Record<string, string>> = { U: 'test/unit', E: 'test/e2e', test: 'test' }

const ids = [...Array.from({ length: 40 }, (_, index) => `T${index + 1}`), 'T14b'].filter((id) => id !== 'T39')

/** The cells of the tables up to the first heading, and of the one under a heading. */
const rowsOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => /^\| (?!attack or fault|row )/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '')))
const [top = ''] = page.split('\n## ')
const threats = rowsOf(top)
const idsIn = (cell = '') => /^(?:T\d+b?(?:, )?)+/.exec(cell)?.[0].match(/T\d+b?/g) ?? []

/** What is in code marks. */
const marked = (cell = '') => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)

/** The tests of a row; one without a folder is in that of the one before it. */
function testsOf(cell = ''): readonly string[] {
  let folder = ''
  return marked(cell)
    .filter((name) => /\.(?:ts|json)$/.test(name))
    .map((name) => {
      const [short = '', ...rest] = name.split('/')
      const path = rest.length === 0 ? join(folder, name) : join(shortNames[short] ?? short, ...rest)
      folder = dirname(path)
      return path
    })
}

/** The files of the code of a row, below src; one without a folder is in that of the one before it, or directly below. */
function sourcesOf(cell = ''): readonly string[] {
  let folder = ''
  return marked(cell).map((name) => {
    const path = name.includes('/') || folder === '' ? name : join(folder, name)
    folder = name.endsWith('.ts') ? dirname(path) : path
    return join('src', path)
  })
}

const exists = (path: string) => globSync(path, { cwd: root }).length > 0

describe('docs/security.md', () => {
  it('has every threat, once', () => {
    const found = threats.flatMap(([cell]) => idsIn(cell))
    assert.deepEqual(found.toSorted(), ids.toSorted())
  })

  it('says of each where it is met, and by which test that is shown', () => {
    for (const row of threats) {
      const [threat = '', defence, where, test] = row
      assert.equal(row.length, 4, threat)
      assert.notEqual(defence, '', threat)
      assert.ok(where === 'everywhere' || sourcesOf(where).length > 0, threat)
      assert.ok(testsOf(test).length > 0, threat)
    }
  })

  it('says of each what it does not cover', () => {
    const remains = rowsOf(page.split('\n### What remains of each\n')[1]?.split('\n## ')[0] ?? '')
    assert.deepEqual(new Set(remains.map(([id]) => id)), new Set(ids))
    assert.equal(remains.length, ids.length)
    for (const [id, text] of remains) assert.match(text ?? '', /^\S.*\.$/, id)
  })

  it('names no file that does not exist', () => {
    const missing = threats
      .flatMap(([, , where, test]) => [...sourcesOf(where), ...testsOf(test)])
      .filter((path) => !exists(path))
    assert.deepEqual(missing, [])
  })

  it('names every attack that has become a test', () => {
    const named = new Set(
      threats.flatMap(([, , , test]) => testsOf(test)).flatMap((path) => globSync(path, { cwd: root })),
    )
    const attacks = globSync('test/**/attack-*.test.ts', { cwd: root })
    assert.ok(attacks.length > 20)
    assert.deepEqual(
      attacks.filter((path) => !named.has(path)).map((path) => basename(path)),
      [],
    )
  })
})
