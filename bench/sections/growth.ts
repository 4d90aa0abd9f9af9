/**
 * Fits how the figures of the other sections grow with the size of the fleet. Measures nothing itself: it takes the
 * curves that they have drawn.
 */
import type { Curve, Figure, Section, Table } from '../figures.ts'
import { exponentOf } from '../measure/statistics.ts'

/** What one of many costs is the same for any number of them, but for the error of the measurement. */
const notGrowing = { of: 'value', bound: 'at most', limit: 0.1 } as const

export const growth: Section = {
  name: 'growth',
  question: 'How does each figure grow with the size of the fleet? 0 does not grow, 1 grows in proportion.',
  async run({ curves }) {
    const figures = curves.flatMap(exponents)
    if (figures.length === 0)
      throw new Error('no section has measured anything at two sizes yet; growth is fitted from what they find')
    return { figures, tables: curves.map(pointTable), curves: [] }
  },
}

/** Of each series with values at two sizes at least. */
function exponents(curve: Curve): readonly Figure[] {
  return curve.series.flatMap(({ name, points }) => {
    const value = exponentOf(points)
    if (value === undefined) return []
    return {
      id: `growth/${curve.id}/${name}`,
      what: `exponent of ${curve.title}: ${name}`,
      value,
      unit: '',
      ...(curve.perUnit === true ? { budget: notGrowing } : {}),
    }
  })
}

function pointTable({ title, x, y, series }: Curve): Table {
  const sizes = [...new Set(series.flatMap(({ points }) => points.map(([size]) => size)))].toSorted((a, b) => a - b)
  const rows = series.map(({ name, points }) => {
    const values = new Map(points)
    return [name, ...sizes.map((size) => values.get(size) ?? '')]
  })
  return { title: `${title}: ${y} by ${x}`, columns: ['series', ...sizes.map(String)], rows }
}
