/**
 * The curve of Ed25519 in plain integer arithmetic (RFC 8032 §5.1), so that the weak points are computed from the
 * curve's equation here and not copied from the code under test.
 */

export const p = 2n ** 255n - 19n
/** The order of the base point; the curve has 8 · L points. */
export const L = 2n ** 252n + 27742317777372353535851937790883648493n
const d = mod(-121665n * inverse(121666n))
const sqrtOfMinusOne = power(2n, (p - 1n) / 4n)

export interface Point {
  readonly x: bigint
  readonly y: bigint
}

const neutral: Point = { x: 0n, y: 1n }

function mod(n: bigint): bigint {
  const rest = n % p
  return rest < 0n ? rest + p : rest
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square)
    square = mod(square * square)
  }
  return result
}

function inverse(n: bigint): bigint {
  return power(mod(n), p - 2n)
}

function add(a: Point, b: Point): Point {
  const product = mod(d * a.x * b.x * a.y * b.y)
  return {
    x: mod((a.x * b.y + b.x * a.y) * inverse(1n + product)),
    y: mod((a.y * b.y + a.x * b.x) * inverse(1n - product)),
  }
}

export function multiply(point: Point, factor: bigint): Point {
  let result = neutral
  let doubled = point
  for (let rest = factor; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = add(result, doubled)
    doubled = add(doubled, doubled)
  }
  return result
}

/** A point with this y, or undefined where the curve has none. */
export function pointAt(y: bigint): Point | undefined {
  const square = mod((y * y - 1n) * inverse(d * y * y + 1n))
  const root = power(square, (p + 3n) / 8n)
  for (const x of [root, mod(root * sqrtOfMinusOne)]) if (mod(x * x) === square) return { x, y: mod(y) }
  return undefined
}

/** The eight points of small order: the multiples of L times a point, until one of order eight is found. */
export function smallOrderPoints(): Point[] {
  for (let y = 2n; ; y += 1n) {
    const point = pointAt(y)
    if (point === undefined) continue
    const torsion = multiply(point, L)
    if (multiply(torsion, 4n).y === 1n) continue
    return [0n, 1n, 2n, 3n, 4n, 5n, 6n, 7n].map((factor) => multiply(torsion, factor))
  }
}

/** 255 bits of y and one of sign, least significant byte first, as base64url; y may be p or more. */
export function encode(y: bigint, sign: 0n | 1n): string {
  return littleEndian(y + (sign << 255n)).toString('base64url')
}

/** 32 bytes, least significant first. */
export function littleEndian(n: bigint): Buffer {
  const bigEndian = Buffer.from(n.toString(16).padStart(64, '0'), 'hex')
  return Buffer.from(bigEndian.toReversed())
}

/** The u coordinate of the same point on Curve25519 (RFC 7748 §4.1); not for the neutral point. */
export function toMontgomery(point: Point): bigint {
  return mod((1n + point.y) * inverse(1n - point.y))
}
