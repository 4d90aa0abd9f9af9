/** How measured numbers are written, wherever they are shown. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const precise = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** Three digits that say something; all of those before the point. */
export function numberText(value: number): string {
  return (Math.abs(value) >= 100 ? whole : precise).format(value)
}

/** The number with its unit, which a mere number has not. */
export function quantityText(value: number, unit: string): string {
  return unit === '' ? numberText(value) : `${numberText(value)} ${unit}`
}
