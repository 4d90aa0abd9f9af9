/** Times as text (RFC 3339): how they stand in annotations, Secrets and statuses. */

const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

/** UTC with whole seconds, the form of Kubernetes' own timestamps; `ms` since the epoch. */
export function formatTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

/** Milliseconds since the epoch, or undefined for what is not RFC 3339, such as the 30th of February. */
export function parseTimestamp(text: string): number | undefined {
  const upper = text.toUpperCase()
  if (!form.test(upper)) return undefined
  const ms = Date.parse(upper)
  // V8 rolls a day that the month does not have over into the next month.
  const dateAsWritten = Date.parse(`${upper.slice(0, 10)}T00:00:00Z`)
  const exists = !Number.isNaN(dateAsWritten) && new Date(dateAsWritten).toISOString().startsWith(upper.slice(0, 10))
  return exists && !Number.isNaN(ms) ? ms : undefined
}
