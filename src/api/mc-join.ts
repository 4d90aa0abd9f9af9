/**
 * What a secondary is given: the Secret `mc-join`, and in the second dialect the ConfigMap `mc-join-config`. Owns how
 * their values are read and hashed; whether they are any good is judged where they are used. Never throws.
 */
import { createHash } from 'node:crypto'
import { Redacted } from '../lib/redacted.ts'
import { decodeSecretValue, type SecretData } from './secret-data.ts'

export const mcJoinName = 'mc-join'
export const mcJoinConfigName = 'mc-join-config'

/**
 * `first`: the Secret has an endpoint and starts the join alone. `second`: it has a token only, and the join waits for
 * the ConfigMap; the tools of that dialect expect the words of `mc-join-status` in lower case.
 */
export type Dialect = 'first' | 'second'

/** `data` of a ConfigMap. */
export type ConfigData = Readonly<Record<string, string>>

export interface JoinInput {
  readonly dialect: Dialect
  /** Absent where the Secret has none, or a blank one. */
  readonly token?: Redacted<string>
  /** In the order in which they are tried. */
  readonly endpoints: { readonly primaryIngress?: string; readonly endpoint?: string }
  readonly clusterName?: string
  readonly clusterIngress?: string
  readonly allowInsecurePrimaryIngress: boolean
  readonly allowUntrustedPrimaryTls: boolean
  /** The second dialect's ConfigMap is not there yet. */
  readonly waitingForConfig: boolean
  /** Values of `mc-join` that look base64-encoded twice. They are left as they are. */
  readonly doubleEncoded: readonly ('token' | 'endpoint')[]
}

/** Reads the data of both objects; `config` is undefined where there is no ConfigMap. White space around is dropped. */
export function parseJoinInput(secret: SecretData | undefined, config: ConfigData | undefined): JoinInput {
  const token = filled(decodeSecretValue(secret, 'token'))
  const endpoint = filled(decodeSecretValue(secret, 'endpoint'))
  const configured = (key: string) => filled(config?.[key])
  const primaryIngress = configured('primary-ingress')
  const clusterName = configured('cluster-name') ?? filled(decodeSecretValue(secret, 'clusterName'))
  const clusterIngress = configured('cluster-ingress')
  const dialect = endpoint === undefined ? 'second' : 'first'
  return {
    dialect,
    ...(token === undefined ? {} : { token: new Redacted(token) }),
    endpoints: {
      ...(primaryIngress === undefined ? {} : { primaryIngress }),
      ...(endpoint === undefined ? {} : { endpoint }),
    },
    ...(clusterName === undefined ? {} : { clusterName }),
    ...(clusterIngress === undefined ? {} : { clusterIngress }),
    allowInsecurePrimaryIngress: configured('allow-insecure-primary-ingress') === 'true',
    allowUntrustedPrimaryTls: configured('allow-untrusted-primary-tls') === 'true',
    waitingForConfig: dialect === 'second' && config === undefined,
    doubleEncoded: [
      ...(looksEncodedTwice(token, ['mcj1.']) ? (['token'] as const) : []),
      ...(looksEncodedTwice(endpoint, ['http://', 'https://']) ? (['endpoint'] as const) : []),
    ],
  }
}

/**
 * `mc-join.hash`: lower-case hex SHA-256 over the UTF-8 of this JSON, written without white space:
 *
 *     [["mc-join",[[key,value],…]],["mc-join-config",[[key,value],…]],["retry",value]]
 *
 * The pairs are those of `data`, sorted by key; the Secret's values stand in base64 as Kubernetes stores them, the
 * ConfigMap's as text. An object that does not exist, or a missing annotation `retry`, is `null`.
 */
export function joinHash(
  secret: SecretData | undefined,
  config: ConfigData | undefined,
  retry: string | undefined,
): string {
  const canonical = [
    [mcJoinName, sortedPairs(secret)],
    [mcJoinConfigName, sortedPairs(config)],
    ['retry', retry ?? null],
  ]
  return createHash('sha256').update(JSON.stringify(canonical)).digest('hex')
}

/** Keys of `data` are ASCII, so the order of code units is the order of bytes. */
function sortedPairs(data: Readonly<Record<string, string>> | undefined): [string, string][] | null {
  return data === undefined ? null : Object.entries(data).toSorted(([a], [b]) => (a < b ? -1 : 1))
}

function filled(value: string | undefined): string | undefined {
  const trimmed = value?.trim()
  return trimmed === '' ? undefined : trimmed
}

/** Whether the value is base64 of a text that starts as it should; only its first characters are looked at. */
function looksEncodedTwice(value: string | undefined, starts: readonly string[]): boolean {
  const decoded = Buffer.from(value?.slice(0, 16) ?? '', 'base64').toString('latin1')
  return starts.some((start) => decoded.startsWith(start))
}
