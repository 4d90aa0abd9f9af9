/** Reads the pages of docs/spec: their tables and their examples. Knows nothing of what they should say. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'

const folder = join(import.meta.dirname, '../../../docs/spec')

export type PageName = 'bootstrap' | 'cluster' | 'join-token' | 'secondary'
export const pageNames: readonly PageName[] = ['bootstrap', 'cluster', 'join-token', 'secondary']

/** The cells of a row, without code marks and escapes. */
export type Row = readonly string[]

export function readPage(name: PageName): string {
  return readFileSync(join(folder, `${name}.md`), 'utf8')
}

/** The rows of every table under a heading of any level, up to the next heading; without their heads. */
export function rowsUnder(page: string, heading: string): readonly Row[] {
  const lines = page.split('\n')
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.replace(/^#+ /, '') === heading)
  if (start < 0) return []
  const after = lines.slice(start + 1)
  const end = after.findIndex((line) => /^#+ /.test(line))
  return tables(end < 0 ? after : after.slice(0, end))
}

function tables(lines: readonly string[]): readonly Row[] {
  return lines.flatMap((line, index) => {
    const isHead = lines[index + 1]?.startsWith('|---') ?? false
    return line.startsWith('|') && !line.startsWith('|---') && !isHead ? [cellsOf(line)] : []
  })
}

function cellsOf(line: string): Row {
  const cells = line.split(/(?<!\\)\|/).slice(1, -1)
  return cells.map((cell) =>
    cell
      .trim()
      .replaceAll('`', '')
      .replaceAll(/\\([|<])/g, '$1'),
  )
}

/** The first cells of the rows under a heading. */
export function namesUnder(page: string, heading: string): readonly string[] {
  return rowsUnder(page, heading).flatMap(([name = '']) => name.split(', '))
}

/** Every object in the YAML examples of a page. */
export function examplesIn(page: string): readonly Record<string, unknown>[] {
  const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text)
  return blocks.flatMap((text) => parseAllDocuments(text).map((document) => document.toJS() as Record<string, unknown>))
}

/** The links of a page to itself and to its neighbours; each part is empty where there is none. */
export function linksIn(page: string): readonly { readonly path: string; readonly anchor: string }[] {
  return [...page.matchAll(/\]\(([^)#:]*)#?([^):]*)\)/g)].map(([, path = '', anchor = '']) => ({ path, anchor }))
}
