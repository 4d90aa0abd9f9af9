/** Equality of plain data: whether a write would change anything. */
import { isDeepStrictEqual } from 'node:util'

/** Compares by value; a member that is `undefined` counts as absent, as it does in JSON. */
export function deepEqual(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(withoutUndefined(a), withoutUndefined(b))
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, withoutUndefined(member)]))
}
