/** The name of a cluster: what is one, and the one made for a cluster that asks for none. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { maxNameLength, namePattern } from '../protocol/fields.ts'
import { patternRule } from './pattern-rule.ts'

/** Whether `text` is an RFC 1123 subdomain of at most 63 characters. Nothing is trimmed or folded. */
export function isClusterName(text: string): boolean {
  return text.length <= maxNameLength && namePattern.test(text)
}

const nameWords =
  'must be an RFC 1123 subdomain: lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit'

export const clusterNameSchema = z
  .string()
  .max(maxNameLength)
  .refine((text) => namePattern.test(text), nameWords)
  .meta(patternRule(namePattern, nameWords))

/**
 * The name of a cluster that asked for none: `cluster-` and the first hex digits of SHA-256 of its `kube-system` UID.
 * More digits are asked for where a shorter name is taken by another cluster.
 */
export function generatedName(uid: string, hexDigits: 8 | 16 | 32): string {
  return `cluster-${createHash('sha256').update(uid).digest('hex').slice(0, hexDigits)}`
}
