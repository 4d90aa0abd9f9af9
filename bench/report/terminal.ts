/** What a section has found, as text for a terminal. */
import { tableText } from '../../src/cli/output.ts'
import type { SectionResult, Table } from '../figures.ts'
import { figureTable } from './figure-rows.ts'
import { numberText } from './numbers.ts'

/** All tables of a section, its figures last: they are what it was run for. */
export function resultText(title: string, { figures, tables }: SectionResult): string {
  return [...tables, figureTable(title, figures)].map(titledTableText).join('\n')
}

/** A title, and below it the table with every number on the right of its column. */
export function titledTableText({ title, columns, rows }: Table): string {
  const lines = [columns, ...rows].map((line) => line.map(cellText))
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)))
  const isNumeric = columns.map((_, index) => rows.some((row) => typeof row[index] === 'number'))
  const aligned = lines.map((line) =>
    line.map((cell, index) => (isNumeric[index] === true ? cell.padStart(widths[index] ?? 0) : cell)),
  )
  return `${title}\n${tableText(aligned[0] ?? [], aligned.slice(1))}`
}

export function cellText(cell: string | number): string {
  return typeof cell === 'number' ? numberText(cell) : cell
}
