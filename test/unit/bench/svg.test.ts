import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Curve } from '../../../bench/figures.ts'
import { lineChart } from '../../../bench/report/svg.ts'
import { costPerJoin } from './figures.fixture.ts'

/** The elements of a document in the order of their starts. Throws where it is not well-formed XML. */
function elementsOf(xml: string): readonly string[] {
  const found: string[] = []
  const open: string[] = []
  const pattern = /<(\/?)([a-z]+)((?:\s+[a-zA-Z0-9:-]+="[^"<&]*")*)\s*(\/?)>|([^<>]+)/gy
  while (pattern.lastIndex < xml.length) {
    const at = pattern.lastIndex
    const match = pattern.exec(xml)
    assert.ok(match, `not well-formed: ${xml.slice(at, at + 80)}`)
    const [, closing, name = '', attributes = '', selfClosing, text] = match
    if (text !== undefined) assert.match(text, /^(?:[^&]|&(?:amp|lt|gt);)*$/)
    else if (closing) assert.equal(open.pop(), name)
    else {
      const names = [...attributes.matchAll(/\s([a-zA-Z0-9:-]+)=/g)].map(([, attribute]) => attribute)
      assert.equal(new Set(names).size, names.length, `${name} repeats an attribute`)
      found.push(name)
      if (!selfClosing) open.push(name)
    }
  }
  assert.deepEqual(open, [])
  return found
}

const curveOf = (points: Curve['series'][number]['points']): Curve => ({
  ...costPerJoin,
  series: [{ name: 'primary', points }],
})

/** Where the dots of the first series lie; the legend's dot is the last circle. */
function dotsOf(svg: string): readonly { x: number; y: number }[] {
  return [...svg.matchAll(/<circle cx="([^"]+)" cy="([^"]+)" r="4"/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }))
}

describe('the picture of a curve', () => {
  it('is well-formed, also with a title that is not', () => {
    const elements = elementsOf(lineChart({ ...costPerJoin, title: 'a < b & "c" > d' }))
    assert.equal(elements[0], 'svg')
    assert.ok(elements.includes('polyline'))
  })

  it('has a background of its own, so that its dark text is legible on a dark page', () => {
    assert.match(lineChart(costPerJoin), /<rect width="(\d+)" height="(\d+)" rx="6" fill="#ffffff"\/>/)
  })

  it('names its axes and each series', () => {
    const svg = lineChart({ ...costPerJoin, series: [...costPerJoin.series, { name: 'etcd', points: [[100, 1]] }] })
    for (const text of ['CPU time of a join', 'clusters', 'ms', 'primary', 'etcd'])
      assert.match(svg, new RegExp(`>${text}</text>`))
  })

  it('gives ten times the fleet the same distance everywhere, and ten times the cost too', () => {
    const [first, second, third] = dotsOf(
      lineChart(
        curveOf([
          [10, 1],
          [100, 10],
          [1000, 100],
        ]),
      ),
    )
    assert.ok(first && second && third)
    assert.equal(second.x - first.x, third.x - second.x)
    assert.equal(first.y - second.y, second.y - third.y)
    assert.ok(first.y > second.y, 'more is higher')
  })

  it('starts at nought where the values span less', () => {
    const [first, second] = dotsOf(
      lineChart(
        curveOf([
          [0, 0],
          [4, 4],
        ]),
      ),
    )
    assert.deepEqual(first, { x: 80, y: 356 })
    assert.ok(second && second.x > 600 && second.y < 100)
  })

  it('keeps every dot inside, whatever the values', () => {
    for (const points of [
      [[0, 0]],
      [[5, 0.001]],
      [
        [1, 3],
        [7, 99_999],
      ],
      [
        [0, 40],
        [10_000, 180],
      ],
    ] as const)
      for (const { x, y } of dotsOf(lineChart(curveOf(points))))
        assert.ok(x >= 80 && x <= 680 && y >= 56 && y <= 356, `${JSON.stringify(points)}: ${x}, ${y}`)
  })
})
