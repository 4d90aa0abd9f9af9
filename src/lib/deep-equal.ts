/** Equality of plain data: whether a write would change anything. */

/** Compares by value; a member that is `undefined` counts as absent, as it does in JSON. */
export function deepEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (!isObject(a) || !isObject(b)) return false
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((entry, index) => deepEqual(entry, b[index]))
  if (Array.isArray(a) || Array.isArray(b)) return false
  const names = present(b)
  return (
    names.length === present(a).length && names.every((name) => Object.hasOwn(a, name) && deepEqual(a[name], b[name]))
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function present(members: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.keys(members).filter((name) => members[name] !== undefined)
}
