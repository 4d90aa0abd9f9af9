/** What many measured values say together. Pure, and knows nothing of what was measured. */

/**
 * The smallest of the values that at least `share` (0 to 1) of them do not exceed: the nearest rank, so that it is always
 * a value that was measured. Throws `RangeError` where there is no value.
 */
export function percentile(values: readonly number[], share: number): number {
  const rank = Math.max(Math.ceil(share * values.length), 1)
  const value = values.toSorted((a, b) => a - b)[rank - 1]
  if (value === undefined) throw new RangeError(`${values.length} values have no percentile ${share}`)
  return value
}

/** The middle value, or the mean of the two in the middle. Throws `RangeError` where there is no value. */
export function median(values: readonly number[]): number {
  const ascending = values.toSorted((a, b) => a - b)
  const lower = ascending[Math.ceil(values.length / 2) - 1]
  const upper = ascending[Math.floor(values.length / 2)]
  if (lower === undefined || upper === undefined) throw new RangeError('no values have no median')
  return (lower + upper) / 2
}

/**
 * The k of the power law y = c·xᵏ that fits the points best: least squares over the logarithms. 0 does not grow with x,
 * 1 grows in proportion, 2 with the square. Points with a value that has no logarithm count for nothing. Undefined where
 * fewer than two sizes are left.
 */
export function exponentOf(points: readonly (readonly [x: number, y: number])[]): number | undefined {
  const usable = points.filter(([x, y]) => x > 0 && y > 0)
  if (new Set(usable.map(([x]) => x)).size < 2) return undefined
  const logs = usable.map(([x, y]) => [Math.log(x), Math.log(y)] as const)
  const meanX = mean(logs.map(([x]) => x))
  const meanY = mean(logs.map(([, y]) => y))
  const spread = sum(logs.map(([x]) => (x - meanX) ** 2))
  return sum(logs.map(([x, y]) => (x - meanX) * (y - meanY))) / spread
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** NaN where there is no value. */
function mean(values: readonly number[]): number {
  return sum(values) / values.length
}
