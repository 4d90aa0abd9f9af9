/** Where a value lies on an axis, and which values an axis names. Draws nothing. */

export interface Scale {
  /** 0 at the start of the axis, 1 at its end. */
  readonly place: (value: number) => number
  readonly ticks: readonly number[]
}

/** Logarithmic where the values span ten times or more, so that equal ratios are equal distances; else from 0 on. */
export function scaleOf(values: readonly number[]): Scale {
  const lowest = Math.min(...values)
  const highest = Math.max(...values)
  return lowest > 0 && highest / lowest >= 10 ? logarithmic(lowest, highest) : linear(highest)
}

function logarithmic(lowest: number, highest: number): Scale {
  const from = Math.floor(Math.log10(lowest))
  const to = Math.ceil(Math.log10(highest))
  const decades = Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index))
  return { place: (value) => (Math.log10(value) - from) / (to - from), ticks: decades }
}

function linear(highest: number): Scale {
  const step = roundStep(highest / 4)
  const count = Math.max(Math.ceil(highest / step), 1)
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step)
  return { place: (value) => value / (count * step), ticks }
}

/** The next of 1, 2, 5, 10, 20, 50 … */
function roundStep(step: number): number {
  if (!(step > 0)) return 1
  const decade = 10 ** Math.floor(Math.log10(step))
  return decade * ([1, 2, 5].find((factor) => factor * decade >= step) ?? 10)
}
