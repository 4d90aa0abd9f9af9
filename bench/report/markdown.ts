/** Tables as Markdown, and the parts of a page that are generated. Knows no file. */
import type { Table } from '../figures.ts'
import { numberText } from './numbers.ts'

/** The title in bold above the table; numbers stand on the right. */
export function markdownTable({ title, columns, rows }: Table): string {
  const rules = columns.map((_, index) => (rows.some((row) => typeof row[index] === 'number') ? '---:' : '---'))
  const lines = [columns, rules, ...rows].map((line) => `| ${line.map(cellOf).join(' | ')} |`)
  return `**${title}**\n\n${lines.join('\n')}\n`
}

/** A bar would end the cell and a line break the row. */
function cellOf(cell: string | number): string {
  return typeof cell === 'number' ? numberText(cell) : cell.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')
}

/**
 * The page with `content` as its generated part of this name; everything else stays as it is. Throws where the page has
 * no such part.
 */
export function replaceGenerated(page: string, name: string, content: string): string {
  const start = `<!-- generated: ${name} -->\n`
  const end = '<!-- end -->'
  const from = page.indexOf(start)
  const to = page.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`the page has no generated part ${name}`)
  return `${page.slice(0, from + start.length)}\n${content.trim()}\n\n${page.slice(to)}`
}
