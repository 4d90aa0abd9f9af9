/** Figures as the rows of a table, the same on the terminal and on the page. Measures and judges nothing itself. */
import { type Budget, type Figure, isWithinBudget, ratioOf, type Table } from '../figures.ts'
import { numberText, quantityText } from './numbers.ts'

/** What was measured, beside what, and what was hoped for. */
export function figureTable(title: string, figures: readonly Figure[]): Table {
  const rows = figures.map((figure) => {
    const { what, value, unit, against } = figure
    const ratio = ratioOf(figure)
    return [
      what,
      quantityText(value, unit),
      against === undefined ? '' : `${quantityText(against.value, unit)} (${against.what})`,
      ratio === undefined ? '' : numberText(ratio),
      budgetText(figure),
    ]
  })
  return { title, columns: ['figure', 'measured', 'beside', 'ratio', 'budget'], rows }
}

/** The figures that have a budget, and whether each is within it. */
export function budgetTable(figures: readonly Figure[]): Table {
  const rows = figures
    .filter(({ budget }) => budget !== undefined)
    .map((figure) => [figure.what, judgedText(figure), budgetText(figure), verdictOf(figure)])
  return { title: 'Budgets', columns: ['figure', 'measured', 'budget', 'verdict'], rows }
}

/** `met`, or by how much it was missed: a share of the limit, or the whole where the limit is nothing. */
export function verdictOf(figure: Figure): string {
  const { budget } = figure
  const isMet = isWithinBudget(figure)
  if (budget === undefined || isMet === undefined) return 'not measured'
  if (isMet) return 'met'
  const excess = Math.abs((judgedValue(figure, budget) ?? Number.NaN) - budget.limit)
  return budget.limit === 0
    ? `missed by ${quantityText(excess, unitOf(figure, budget))}`
    : `missed by ${numberText((excess / budget.limit) * 100)} %`
}

function judgedValue(figure: Figure, { of }: Budget): number | undefined {
  return of === 'ratio' ? ratioOf(figure) : figure.value
}

function judgedText(figure: Figure): string {
  const { budget } = figure
  const value = budget && judgedValue(figure, budget)
  return value === undefined ? '' : quantityText(value, unitOf(figure, budget))
}

function budgetText(figure: Figure): string {
  const { budget } = figure
  if (budget === undefined) return ''
  const limit = `${budget.bound} ${quantityText(budget.limit, unitOf(figure, budget))}`
  return budget.of === 'ratio' ? `ratio ${limit}` : limit
}

/** A ratio is a mere number. */
function unitOf({ unit }: Figure, budget: Budget | undefined): string {
  return budget?.of === 'ratio' ? '' : unit
}
