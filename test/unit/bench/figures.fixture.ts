/** Figures and results as a section gives them. */
import type { Curve, Figure, SectionResult } from '../../../bench/figures.ts'
import type { MeasuredSection } from '../../../bench/report/results.ts'

export const latency: Figure = {
  id: 'one/p50',
  what: 'a join, half of them',
  value: 285,
  unit: 'ms',
  budget: { of: 'value', bound: 'at most', limit: 250 },
}

export const rate: Figure = {
  id: 'join/rate',
  what: 'joins',
  value: 120,
  unit: 'a second',
  against: { what: 'a bare client', value: 160 },
  budget: { of: 'ratio', bound: 'at least', limit: 0.6 },
}

export const costPerJoin: Curve = {
  id: 'join-cost',
  title: 'CPU time of a join',
  x: 'clusters',
  y: 'ms',
  perUnit: true,
  series: [
    {
      name: 'primary',
      points: [
        [100, 4],
        [1000, 4],
      ],
    },
  ],
}

/** A section measured at this commit; `result` may lack what is not of interest. */
export function measured(name: string, commit: string, result: Partial<SectionResult> = {}): MeasuredSection {
  return {
    name,
    question: `How fast is ${name}?`,
    command: `npm run bench -- ${name}`,
    date: '2026-11-21T12:00:00.000Z',
    seconds: 61.2,
    sizes: { joins: [10, 100], fleets: [20, 200], singles: 5 },
    machine: { cpu: 'Example CPU', cores: 2, memoryBytes: 8 * 2 ** 30, kernel: '6.1.0' },
    versions: { node: 'v24.21.0', conjoin: '0.1.0' },
    commit,
    isClean: true,
    result: { figures: [], tables: [], curves: [], ...result },
  }
}
