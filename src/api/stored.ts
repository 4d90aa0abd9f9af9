/**
 * Reading what Kubernetes stores. The API server has judged it once, perhaps by older rules: an object that only
 * breaks a rule of value is still read, because a member that cannot be read would be taken for one that is gone.
 */
import type { z } from 'zod'

/** A value that nobody changes in place: cached objects are shared. */
export type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T

export type Reading<T> =
  /** `faults` names the rules it breaks, as `path: what`; usually none. */
  | { readonly ok: true; readonly object: T; readonly faults: readonly string[] }
  /** It has not even the shape of its kind. */
  | { readonly ok: false; readonly faults: readonly string[] }

/** Issues that leave the shape intact, so that the typed code can work with the value. */
const valueIssues: ReadonlySet<string> = new Set(['too_big', 'too_small', 'invalid_format', 'custom'])

/** Reads an object of the kind of `schema`; never throws. Faults name fields, not their values. */
export function readStored<T>(schema: z.ZodType<T>, value: unknown): Reading<T> {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, object: result.data, faults: [] }
  const faults = result.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  const shapeHolds = result.error.issues.every((issue) => valueIssues.has(issue.code))
  return shapeHolds ? { ok: true, object: value as T, faults } : { ok: false, faults }
}
