/**
 * The Secret `mc-primary-identity`: the signing keys of the primary, in `--identity-namespace`. Whoever reads it is the
 * primary. A Secret with nothing but `key` is the normal case: the others are there only while keys roll.
 */
import { Redacted } from '../lib/redacted.ts'
import { annotations } from './group.ts'
import { decodeSecretValue, encodeSecretData, type SecretContent } from './secret-data.ts'

export const primaryIdentityName = 'mc-primary-identity'

/** Private keys are Ed25519, PKCS #8 PEM. */
export interface PrimaryIdentity {
  /** UID of the `kube-system` namespace it was made for; empty where the annotation is missing. */
  readonly clusterUid: string
  /** The current one. */
  readonly privateKey: Redacted<string>
  /** The next one; `announcedAt` is ms since the epoch. */
  readonly next?: { readonly privateKey: Redacted<string>; readonly announcedAt: number } | undefined
  /** Keys that were current before; the oldest first. */
  readonly retired: readonly Redacted<string>[]
  /** When the current key became that, ms since the epoch; absent where it is the first one. */
  readonly promotedAt?: number | undefined
  /** The value of the annotation `rotate` that has been followed. */
  readonly rotated?: string | undefined
  /** Thumbprints of keys that somebody else may have: they are never taken up again. */
  readonly compromised: readonly string[]
}

type Annotations = Readonly<Record<string, string>>

/** The annotations and the data to apply. */
export function encodePrimaryIdentity(identity: PrimaryIdentity): {
  annotations: Record<string, string>
  data: Record<string, string>
} {
  const { next, retired, promotedAt, rotated, compromised } = identity
  return {
    annotations: {
      [annotations.clusterUid]: identity.clusterUid,
      ...(next === undefined ? {} : { [annotations.announcedAt]: new Date(next.announcedAt).toISOString() }),
      ...(promotedAt === undefined ? {} : { [annotations.promotedAt]: new Date(promotedAt).toISOString() }),
      ...(rotated === undefined ? {} : { [annotations.rotated]: rotated }),
      ...(compromised.length === 0 ? {} : { [annotations.compromised]: compromised.join(',') }),
    },
    data: encodeSecretData({
      key: identity.privateKey.reveal(),
      next: next?.privateKey.reveal(),
      retired: retired.length === 0 ? undefined : retired.map((key) => key.reveal()).join(''),
    }),
  }
}

/** The same as a merge patch: what the identity has not is taken away. */
export function patchPrimaryIdentity(identity: PrimaryIdentity): { metadata: { annotations: object }; data: object } {
  const encoded = encodePrimaryIdentity(identity)
  const absent = { [annotations.announcedAt]: null, [annotations.promotedAt]: null, [annotations.rotated]: null }
  return {
    metadata: { annotations: { ...absent, ...encoded.annotations } },
    data: { next: null, retired: null, ...encoded.data },
  }
}

const pemBlock = /-----BEGIN [^-]+-----[^-]+-----END [^-]+-----\n?/g

/** Undefined where the Secret holds no current key. Never throws. */
export function decodePrimaryIdentity(secret: SecretContent): PrimaryIdentity | undefined {
  const key = decodeSecretValue(secret.data, 'key')
  if (key === undefined) return undefined
  const marks: Annotations = secret.metadata.annotations ?? {}
  const next = decodeSecretValue(secret.data, 'next')
  const retired = decodeSecretValue(secret.data, 'retired')?.match(pemBlock) ?? []
  return {
    clusterUid: marks[annotations.clusterUid] ?? '',
    privateKey: new Redacted(key),
    // Whoever has not heard of a key that became current too early is served by the one before it.
    next:
      next === undefined
        ? undefined
        : { privateKey: new Redacted(next), announcedAt: timeOf(marks[annotations.announcedAt]) ?? 0 },
    retired: retired.map((pem) => new Redacted(pem)),
    promotedAt: timeOf(marks[annotations.promotedAt]),
    rotated: marks[annotations.rotated],
    compromised: readCompromised(marks),
  }
}

/** The thumbprints in the annotation `compromised`: by commas or white space apart. */
export function readCompromised(marks: Annotations | undefined): readonly string[] {
  return (marks?.[annotations.compromised] ?? '').split(/[\s,]+/).filter((kid) => kid !== '')
}

function timeOf(text: string | undefined): number | undefined {
  const time = Date.parse(text ?? '')
  return Number.isNaN(time) ? undefined : time
}
