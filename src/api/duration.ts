/** Durations as users write them: `30s`, `15m`, `24h`, `7d`, and sums in falling units such as `1h30m`. */

const form = /^(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?$/

/** Milliseconds, or undefined for what is not a duration. Each unit once, the larger first; no sign, no fraction. */
export function parseDuration(text: string): number | undefined {
  const parts = text === '' ? null : form.exec(text)
  if (parts === null) return undefined
  const [days, hours, minutes, seconds] = parts.slice(1).map((digits) => Number(digits ?? 0))
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60_000 + (seconds ?? 0) * 1000
}
