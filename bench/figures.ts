/** What a measurement is, whoever makes it and however it is shown. A figure means something beside another one of the same run. */

import type { Pace } from './pace.ts'

/** Measured in the same run, in the same unit. */
export interface Reference {
  readonly what: string
  readonly value: number
}

export interface Budget {
  readonly of: 'value' | 'ratio'
  readonly bound: 'at most' | 'at least'
  readonly limit: number
}

export interface Figure {
  /** Stays the same from run to run: section, what varies, what is measured, with slashes between. */
  readonly id: string
  readonly what: string
  readonly value: number
  /** Also of the reference. Empty for a mere number. */
  readonly unit: string
  readonly against?: Reference
  readonly budget?: Budget
}

/** Details that a figure rests on. */
export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number)[])[]
}

/** How a figure changes with the size of the fleet. */
export interface Curve {
  /** Names its picture. */
  readonly id: string
  readonly title: string
  readonly x: string
  readonly y: string
  /** The values are what one of many costs: they must not grow with how many there are. */
  readonly perUnit?: true
  readonly series: readonly { readonly name: string; readonly points: readonly (readonly [x: number, y: number])[] }[]
}

export interface SectionResult {
  readonly figures: readonly Figure[]
  readonly tables: readonly Table[]
  readonly curves: readonly Curve[]
}

/** How much is measured. */
export interface Sizes {
  /** How many clusters join in one go. */
  readonly joins: readonly number[]
  /** Members of a fleet that beats, and Clusters that are stored. */
  readonly fleets: readonly number[]
  /** Joins one after the other on a quiet pair. */
  readonly singles: number
}

export interface BenchContext {
  readonly sizes: Sizes
  readonly pace: Pace
  /** The program as users run it: one bundled file. */
  readonly program: string
  /** What other sections have drawn, in this run or in the one that it adds to. */
  readonly curves: readonly Curve[]
  /** Progress, a line at a time. */
  readonly say: (line: string) => void
}

export interface Section {
  readonly name: string
  /** What it finds out, for the terminal. */
  readonly question: string
  readonly run: (context: BenchContext) => Promise<SectionResult>
}

/** Undefined where nothing was measured beside it. */
export function ratioOf({ value, against }: Figure): number | undefined {
  return against === undefined ? undefined : value / against.value
}

/** Undefined where it has no budget, or the budget is of a ratio and there is none. */
export function isWithinBudget(figure: Figure): boolean | undefined {
  const { budget } = figure
  const measured = budget?.of === 'ratio' ? ratioOf(figure) : figure.value
  if (budget === undefined || measured === undefined) return undefined
  return budget.bound === 'at most' ? measured <= budget.limit : measured >= budget.limit
}
