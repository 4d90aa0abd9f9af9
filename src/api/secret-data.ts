/** Text in and out of the `data` of a Secret. Knows base64 and nothing of any key. */

/** `data` as Kubernetes stores it: every value in base64. */
export type SecretData = Readonly<Record<string, string>>

/** What the codecs look at in a Secret. */
export interface SecretContent {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> }
  readonly data?: SecretData
}

/** Encodes each value; entries that are undefined are left out. */
export function encodeSecretData(values: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const data: Record<string, string> = {}
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined) data[key] = Buffer.from(value, 'utf8').toString('base64')
  }
  return data
}

/** The text under `key`, or undefined where there is none. Never throws: bytes that are no UTF-8 become U+FFFD. */
export function decodeSecretValue(data: SecretData | undefined, key: string): string | undefined {
  const value = data?.[key]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8')
}
