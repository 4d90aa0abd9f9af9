/**
 * What a user asks of a join token, read from the annotations of its Secret. A fault in any of them means that no
 * token is issued; faults are written for people and end in `token-error`.
 */
import { isClusterName } from './cluster-name.ts'
import { parseDuration } from './duration.ts'
import { annotations as names } from './group.ts'
import { type Labels, parseLabels } from './labels.ts'
import { parseTimestamp } from './timestamp.ts'

export interface JoinTokenSettings {
  /** Milliseconds since the epoch; absent: the token does not expire. */
  readonly expiresAt?: number
  /** Absent: as many clusters as come. */
  readonly maxUses?: number
  /** The only name that may join; absent: none is kept out. */
  readonly clusterName?: string
  /** The only `kube-system` UID that may join; absent: none is kept out. */
  readonly boundUid?: string
  readonly clusterLabels: Labels
  readonly approval: 'automatic' | 'manual'
  readonly redact: 'never' | 'now' | 'after-first-use'
}

export interface SettingFault {
  /** Full name of the annotation. */
  readonly annotation: string
  /** The predicate of a sentence: `${annotation} ${fault}`. */
  readonly fault: string
}

export type JoinTokenReading =
  | { readonly ok: true; readonly settings: JoinTokenSettings }
  | { readonly ok: false; readonly faults: readonly SettingFault[] }

const maxUses = 500
const longestLifetime = 3650 * 24 * 3600 * 1000
const uidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** A reader of one value: what it means, or the fault. Values are taken exactly as written. */
type Read<T> = (text: string) => { readonly value: T } | { readonly fault: string }

/**
 * Reads the settings; `now` is ms since the epoch. Before the first fill `expires-in` counts from `now`; afterwards
 * only `expires-at` is read, which the issuer has written.
 */
export function readJoinTokenSettings(
  annotations: Readonly<Record<string, string>> | undefined,
  { now }: { readonly now: number },
): JoinTokenReading {
  const faults: SettingFault[] = []
  const present = annotations ?? {}
  const isIssued = present[names.tokenId] !== undefined

  function read<T>(annotation: string, reader: Read<T>): T | undefined {
    const text = present[annotation]
    if (text === undefined) return undefined
    const result = reader(text)
    if ('value' in result) return result.value
    faults.push({ annotation, fault: result.fault })
    return undefined
  }

  const expiresAt = read(names.expiresAt, readTime)
  const lifetime = isIssued ? undefined : read(names.expiresIn, readLifetime)
  if (expiresAt !== undefined && lifetime !== undefined)
    faults.push({ annotation: names.expiresIn, fault: `is set together with ${names.expiresAt}; keep one of them` })
  if (expiresAt !== undefined && !isIssued && expiresAt <= now)
    faults.push({ annotation: names.expiresAt, fault: 'lies in the past' })

  const uses = read(names.maxUses, readUses)
  const clusterName = read(names.clusterName, readName)
  const boundUid = read(names.boundUid, readUid)
  const clusterLabels = read(names.clusterLabels, parseLabels)
  const approval = read(names.approval, oneOf(['manual']))
  const redact = read(names.redact, oneOf(['now', 'after-first-use']))
  if (redact === 'now' && !isIssued)
    faults.push({
      annotation: names.redact,
      fault: 'would blank the token before anybody can read it; set now once it is copied, or after-first-use',
    })
  if (faults.length > 0) return { ok: false, faults }

  const end = expiresAt ?? (lifetime === undefined ? undefined : now + lifetime)
  return {
    ok: true,
    settings: {
      ...(end === undefined ? {} : { expiresAt: end }),
      ...(uses === undefined ? {} : { maxUses: uses }),
      ...(clusterName === undefined ? {} : { clusterName }),
      ...(boundUid === undefined ? {} : { boundUid }),
      clusterLabels: clusterLabels ?? {},
      approval: approval ?? 'automatic',
      redact: redact ?? 'never',
    },
  }
}

const readTime: Read<number> = (text) => {
  const value = parseTimestamp(text)
  return value === undefined ? { fault: 'is not an RFC 3339 time such as 2030-01-31T12:00:00Z' } : { value }
}

const readLifetime: Read<number> = (text) => {
  const value = parseDuration(text)
  if (value === undefined) return { fault: 'is not a duration such as 30s, 15m, 24h, 7d or 1h30m' }
  if (value === 0) return { fault: 'is no time at all' }
  return value > longestLifetime ? { fault: 'is longer than 3650d; leave it out for a token that stays' } : { value }
}

const readUses: Read<number> = (text) => {
  const value = /^[1-9][0-9]{0,2}$/.test(text) ? Number(text) : 0
  return value < 1 || value > maxUses ? { fault: `is not a whole number from 1 to ${maxUses}` } : { value }
}

const readName: Read<string> = (text) =>
  isClusterName(text) ? { value: text } : { fault: 'is not an RFC 1123 subdomain of at most 63 characters' }

const readUid: Read<string> = (text) =>
  uidPattern.test(text)
    ? { value: text }
    : {
        fault:
          "is not a UID; kubectl get namespace kube-system -o jsonpath='{.metadata.uid}' prints that of the joining cluster",
      }

function oneOf<const T extends string>(values: readonly T[]): Read<T> {
  return (text) => {
    const value = values.find((candidate) => candidate === text)
    return value === undefined ? { fault: `is not ${values.join(' or ')}` } : { value }
  }
}
