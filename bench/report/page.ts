/** The generated parts of the page of benchmarks: one of each section and one of all budgets. */
import { budgetTable, figureTable } from './figure-rows.ts'
import { markdownTable, replaceGenerated } from './markdown.ts'
import { numberText } from './numbers.ts'
import type { MeasuredSection, Results } from './results.ts'

/** The pictures are in this folder beside the page. */
export const pictureFolder = 'benchmarks'

/** The page with every result in its part. Throws where the page lacks a part. */
export function pageWith(page: string, results: Results): string {
  const budgets = budgetTable(results.flatMap(({ result }) => result.figures))
  return results.reduce(
    (text, section) => replaceGenerated(text, section.name, sectionText(section)),
    replaceGenerated(page, 'budgets', markdownTable(budgets)),
  )
}

function sectionText(section: MeasuredSection): string {
  const { figures, tables, curves } = section.result
  return [
    section.question,
    provenanceText(section),
    ...(figures.length === 0 ? [] : [markdownTable(figureTable('Figures', figures))]),
    ...tables.map(markdownTable),
    ...curves.map(({ id, title }) => `![${title}](${pictureFolder}/${id}.svg)`),
  ].join('\n\n')
}

function provenanceText({ command, commit, isClean, date, machine, versions, seconds }: MeasuredSection): string {
  const tree = commit === undefined ? 'an unknown commit' : `commit \`${commit.slice(0, 12)}\``
  const gib = numberText(machine.memoryBytes / 2 ** 30)
  const software = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `Measured by \`${command}\` on ${date.slice(0, 10)} at ${tree}${isClean ? '' : ' with uncommitted changes'},`,
    `in ${numberText(seconds)} s, on ${machine.cores} × ${machine.cpu} with ${gib} GiB, Linux ${machine.kernel};`,
    `${software.join(', ')}.`,
  ].join(' ')
}
