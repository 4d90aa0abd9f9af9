/** A report as text for a terminal of 100 columns: what is, then what is wrong, each with the command for it. Pure. */
import { stripVTControlCharacters } from 'node:util'
import type { Finding, Report, Section } from '../diagnosis/report.ts'

const columns = 100
const indent = '  '
/** Findings of one code that are printed. */
const shownAlike = 5

export function statusText(report: Report): string {
  const blocks = [
    ...report.sections.map(sectionText),
    ...(report.unread.length === 0 ? [] : [unreadText(report.unread)]),
    ...findingTexts(report.findings),
    ...(report.healthy && report.findings.length === 0 ? ['Nothing is wrong.'] : []),
  ]
  return `${blocks.join('\n\n')}\n`
}

function sectionText({ role, namespace, facts, warnings }: Section): string {
  const width = Math.max(...facts.map(({ name }) => name.length))
  const lines = facts.flatMap(({ name, value }) => {
    const [first = '', ...rest] = wrapped(value, columns - indent.length - width - 2)
    const margin = ' '.repeat(width + 2)
    return [`${indent}${name.padEnd(width)}  ${first}`, ...rest.map((line) => indent + margin + line)]
  })
  const events = warnings.flatMap(({ at, about, reason, note }) => indented(`${at} ${about}: ${reason}: ${note}`))
  const recent =
    events.length === 0 ? [] : [`${indent}Warnings of the last hour:`, ...events.map((line) => indent + line)]
  return [`${role} in ${namespace}`, ...lines, ...recent].join('\n')
}

function unreadText(unread: readonly string[]): string {
  return ['not looked at:', ...unread.flatMap((what) => indented(what))].join('\n')
}

/** Of a fleet many may have the same fault: a few of them show what to do. */
function findingTexts(findings: readonly Finding[]): readonly string[] {
  return [...Map.groupBy(findings, ({ code }) => code)].flatMap(([code, alike]) => {
    const left = alike.length - shownAlike
    const shown = alike.slice(0, shownAlike).map(findingText)
    return left > 0 ? [...shown, `… and ${left} more of ${code}; -o json tells all of them`] : shown
  })
}

/** The last line is the command, where there is one. */
function findingText({ severity, role, code, what, remedy, next }: Finding): string {
  const of = role === undefined ? '' : ` on the ${role}`
  const does = next?.does === undefined ? '' : `; ${next.does}`
  const where = next?.on === undefined ? '' : `; on ${next.on}`
  return [
    ...wrapped(`${severity.toUpperCase()}${of}: ${code}: ${what}`, columns),
    ...indented(remedy + does + where + (next === undefined ? '' : ':')),
    ...(next === undefined ? [] : commandLines(plain(next.command)).map((line) => indent + indent + line)),
  ].join('\n')
}

function indented(text: string): readonly string[] {
  return wrapped(text, columns - 2 * indent.length).map((line) => indent + line)
}

/** Lines of at most so many characters, broken between words; a longer word stays whole. */
function wrapped(text: string, width: number): readonly string[] {
  return broken(plain(text).split(/\s+/), width, '')
}

/** What objects hold may have been written to move a cursor. */
function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ')
}

/** Lines that a shell takes as one command: never broken between quotes. */
function commandLines(command: string): readonly string[] {
  const words = command.match(/(?:\\.|[^\s'\\]|'[^']*')+/gs) ?? []
  return broken(words, columns - 2 * indent.length, ' \\')
}

/** `continuation` ends each line but the last. */
function broken(words: readonly string[], width: number, continuation: string): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length + continuation.length > width) {
      lines.push(line + continuation)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
