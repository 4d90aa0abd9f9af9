/**
 * What has been measured so far, each section with the circumstances of its own run: a run of some sections leaves the
 * others as they were. Owns the form of the file; does not write it.
 */
import type { Curve, SectionResult, Sizes } from '../figures.ts'
import type { Provenance } from './machine.ts'

/** One section as it was measured last. */
export interface MeasuredSection extends Provenance {
  readonly name: string
  readonly question: string
  /** The command that measures it again. */
  readonly command: string
  /** RFC 3339, when it ended. */
  readonly date: string
  readonly seconds: number
  readonly sizes: Sizes
  readonly result: SectionResult
}

/** In the order of the sections. */
export type Results = readonly MeasuredSection[]

/** The results with `section` in the place of its last run; `order` names all sections there are. */
export function withSection(results: Results, section: MeasuredSection, order: readonly string[]): Results {
  return [...results.filter(({ name }) => name !== section.name), section].toSorted(
    (a, b) => order.indexOf(a.name) - order.indexOf(b.name),
  )
}

export function curvesOf(results: Results): readonly Curve[] {
  return results.flatMap(({ result }) => result.curves)
}

/** Throws `SyntaxError` for what is not JSON. */
export function parseResults(json: string): Results {
  return (JSON.parse(json) as { sections: Results }).sections
}

export function formatResults(sections: Results): string {
  return `${JSON.stringify({ sections }, null, 2)}\n`
}
