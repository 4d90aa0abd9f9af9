/** A curve as a picture: an SVG that is complete in itself and has its own background, so that it is legible on any page. */
import type { Curve } from '../figures.ts'
import { numberText } from './numbers.ts'
import { type Scale, scaleOf } from './scale.ts'

const width = 720
const plot = { left: 80, top: 56, width: 600, height: 300 }
const bottom = plot.top + plot.height
const lineHeight = 22
/** Told apart also by those who do not see all colours (after Okabe and Ito). */
const colours = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00', '#000000']

/** Both axes are logarithmic where their values span ten times or more. */
export function lineChart(curve: Curve): string {
  const points = curve.series.flatMap((series) => series.points)
  const x = scaleOf(points.map(([value]) => value))
  const y = scaleOf(points.map(([, value]) => value))
  const height = bottom + 60 + curve.series.length * lineHeight
  const parts = [
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff"/>`,
    text(width / 2, 30, curve.title, 'middle', ' font-size="17" font-weight="bold"'),
    ...x.ticks.map((tick) => verticalRule(x, tick)),
    ...y.ticks.map((tick) => horizontalRule(y, tick)),
    text(plot.left + plot.width / 2, bottom + 42, curve.x, 'middle'),
    text(0, 0, curve.y, 'middle', ` transform="translate(20 ${plot.top + plot.height / 2}) rotate(-90)"`),
    ...curve.series.map((series, index) => line(series.points, { x, y, colour: colourOf(index) })),
    ...curve.series.map(({ name }, index) => legendEntry(name, index)),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="sans-serif" font-size="13" fill="#222222">`,
    `<title>${escaped(curve.title)}</title>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? '#000000'
}

const acrossAt = (scale: Scale, value: number) => round(plot.left + scale.place(value) * plot.width)
const upAt = (scale: Scale, value: number) => round(bottom - scale.place(value) * plot.height)

function verticalRule(scale: Scale, tick: number): string {
  const at = acrossAt(scale, tick)
  return `${rule(at, plot.top, at, bottom)}${text(at, bottom + 18, numberText(tick), 'middle')}`
}

function horizontalRule(scale: Scale, tick: number): string {
  const at = upAt(scale, tick)
  return `${rule(plot.left, at, plot.left + plot.width, at)}${text(plot.left - 8, at + 4, numberText(tick), 'end')}`
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="#dddddd"/>`
}

function line(
  points: readonly (readonly [x: number, y: number])[],
  { x, y, colour }: { x: Scale; y: Scale; colour: string },
): string {
  const places = points.map(([across, up]) => [acrossAt(x, across), upAt(y, up)] as const)
  const dots = places.map(([across, up]) => `<circle cx="${across}" cy="${up}" r="4" fill="${colour}"/>`)
  return `<polyline points="${places.map((place) => place.join(',')).join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}`
}

function legendEntry(name: string, index: number): string {
  const at = bottom + 66 + index * lineHeight
  return `<circle cx="${plot.left}" cy="${at - 4}" r="5" fill="${colourOf(index)}"/>${text(plot.left + 14, at, name, 'start')}`
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end', attributes = ''): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}"${attributes}>${escaped(content)}</text>`
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
