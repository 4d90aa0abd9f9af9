/** Labels that someone else chose for a Cluster: their form, as text too, and which keys are not theirs to set. */
import { group } from './group.ts'

export type Labels = Readonly<Record<string, string>>

/** The name part of a key, and a value that is not empty. At most 63 characters, so backtracking stays small. */
const namePattern = /^[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/
const prefixPattern = /^[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*$/

/** `[prefix/]name`, as Kubernetes defines it: a DNS subdomain of 253 characters, a name of 63. */
export function isLabelKey(key: string): boolean {
  const slash = key.indexOf('/')
  const prefix = slash < 0 ? undefined : key.slice(0, slash)
  if (prefix !== undefined && (prefix.length > 253 || !prefixPattern.test(prefix))) return false
  return isName(key.slice(slash + 1))
}

export function isLabelValue(value: string): boolean {
  return value === '' || isName(value)
}

/** Whether the key belongs to us or to Kubernetes: never taken over from a token or a member. */
export function isReservedLabelKey(key: string): boolean {
  const prefix = key.slice(0, Math.max(key.indexOf('/'), 0))
  return [group, 'kubernetes.io', 'k8s.io'].some((owner) => prefix === owner || prefix.endsWith(`.${owner}`))
}

/** Reads `key=value,key=value`. The fault is the predicate of a sentence. */
export function parseLabels(text: string): { readonly value: Labels } | { readonly fault: string } {
  const labels = new Map<string, string>()
  for (const pair of text.split(',')) {
    const [key = '', value, ...rest] = pair.split('=')
    if (value === undefined || rest.length > 0 || !isLabelKey(key) || !isLabelValue(value))
      return { fault: 'is not a list of labels such as region=eu,tier=gold' }
    if (isReservedLabelKey(key)) return { fault: `sets the reserved label ${key}` }
    if (labels.has(key)) return { fault: `sets the label ${key} twice` }
    labels.set(key, value)
  }
  return { value: Object.fromEntries(labels) }
}

/** The same labels give the same text. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .toSorted()
    .join(',')
}

function isName(text: string): boolean {
  return text.length <= 63 && namePattern.test(text)
}
