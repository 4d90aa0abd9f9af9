/** How results are printed: tables as kubectl aligns them, JSON, YAML, names, ages. Pure: it gives texts. */
import { stripVTControlCharacters } from 'node:util'
import { stringify } from 'yaml'
import type { Kind, KubeObject } from '../kube/objects.ts'

/** One line. What a cluster says of itself may have been written to move a cursor or to look like more lines. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}+/gu, ' ')
}

/** Columns are as wide as their longest cell and three spaces apart; nothing follows the last one. */
export function tableText(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [columns, ...rows].map((line) => line.map(plainText))
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => (line[index] ?? '').length)))
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('')
}

export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, null, 4)}\n`
}

export function yamlText(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** Several objects as one stream that `kubectl apply -f -` takes. */
export function manifestsText(objects: readonly object[]): string {
  return objects.map(yamlText).join('---\n')
}

/** As kubectl wraps what it lists, and like it without the fields' managers. */
export function listOf(items: readonly KubeObject[]): object {
  return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: items.map(withoutManagers) }
}

/** As kubectl prints an object: without the fields' managers. */
export function withoutManagers(object: KubeObject): object {
  return { ...object, metadata: { ...object.metadata, managedFields: undefined } }
}

/** `secret/join-token`, `cluster.dist.kio.kasten.io/east`: how kubectl names an object. */
export function objectName(kind: Kind, name: string): string {
  const slash = kind.apiVersion.indexOf('/')
  const group = slash < 0 ? '' : `.${kind.apiVersion.slice(0, slash)}`
  return `${kind.kind.toLowerCase()}${group}/${name}`
}

const units = [
  { name: 'd', ms: 86_400_000, aloneFrom: 8 },
  { name: 'h', ms: 3_600_000, aloneFrom: 8 },
  { name: 'm', ms: 60_000, aloneFrom: 10 },
  { name: 's', ms: 1000, aloneFrom: 0 },
] as const

/** `45s`, `3m20s`, `5h`, `2d4h`: how kubectl says how long ago something was. `ms` may be negative by a clock's fault. */
export function ageText(ms: number): string {
  const age = Math.max(ms, 0)
  const at = units.findIndex((unit) => age >= unit.ms)
  const unit = units[at]
  if (unit === undefined) return '0s'
  const count = Math.floor(age / unit.ms)
  const finer = units[at + 1]
  const rest = finer === undefined ? 0 : Math.floor((age % unit.ms) / finer.ms)
  return finer === undefined || count >= unit.aloneFrom || rest === 0
    ? `${count}${unit.name}`
    : `${count}${unit.name}${rest}${finer.name}`
}

/** The age of what was created at `timestamp` (RFC 3339); kubectl's word where that is missing. */
export function ageSince(timestamp: string | undefined, now: number): string {
  const at = Date.parse(timestamp ?? '')
  return Number.isNaN(at) ? '<unknown>' : ageText(now - at)
}
