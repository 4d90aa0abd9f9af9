/**
 * Searches texts for secrets in every encoding in which one may slip out. Knows nothing of where the texts come from; a
 * test first shows that it finds what was planted.
 */

export interface KnownSecret {
  readonly name: string
  readonly bytes: Buffer
}

/** A text and where it was found: a log, an object, an answer. */
export interface Haystack {
  readonly where: string
  readonly text: string
  /** The name of a secret that belongs there. */
  readonly holds?: string
}

export interface Finding {
  readonly secret: string
  readonly encoding: string
  readonly where: string
}

export function secretText(name: string, text: string): KnownSecret {
  return { name, bytes: Buffer.from(text) }
}

/** The forms in which a secret is looked for. */
export function encodingsOf({ bytes }: KnownSecret): readonly { readonly encoding: string; readonly needle: string }[] {
  const text = bytes.toString('utf8')
  const isText = Buffer.from(text).equals(bytes)
  const escaped = JSON.stringify(text).slice(1, -1)
  return [
    ...(isText
      ? [
          { encoding: 'as it is', needle: text },
          { encoding: 'JSON-escaped', needle: escaped },
          { encoding: 'JSON-escaped twice', needle: JSON.stringify(escaped).slice(1, -1) },
          { encoding: 'URL-escaped', needle: encodeURIComponent(text) },
        ]
      : []),
    { encoding: 'hex', needle: bytes.toString('hex') },
    { encoding: 'upper-case hex', needle: bytes.toString('hex').toUpperCase() },
    ...base64Needles(bytes, 'base64'),
    ...base64Needles(bytes, 'base64url'),
    // A Secret's data of text that was encoded before.
    ...base64Needles(Buffer.from(bytes.toString('base64')), 'base64').map(({ needle, encoding }) => ({
      needle,
      encoding: `${encoding} twice`,
    })),
  ]
}

/**
 * Base64 of the secret at each of the three places that it can have inside a longer text: the characters at both ends
 * also depend on the neighbours and are left out.
 */
function base64Needles(bytes: Buffer, encoding: 'base64' | 'base64url') {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString(encoding)
      .replace(/=+$/, '')
    const start = Math.ceil((offset * 8) / 6)
    const end = Math.floor(((offset + bytes.length) * 8) / 6)
    return { encoding: `${encoding} at ${offset}`, needle: encoded.slice(start, end) }
  })
}

/** Everything that is found, each secret and encoding once for each place. */
export function searchSecrets(haystacks: readonly Haystack[], secrets: readonly KnownSecret[]): readonly Finding[] {
  const needles = secrets.flatMap((secret) =>
    encodingsOf(secret).map(({ encoding, needle }) => ({ secret: secret.name, encoding, needle })),
  )
  return haystacks.flatMap(({ where, text, holds }) =>
    needles
      .filter(({ secret, needle }) => secret !== holds && text.includes(needle))
      .map(({ secret, encoding }) => ({ secret, encoding, where })),
  )
}

/** So many characters of an encoded secret in a row are no coincidence. */
const partLength = 12

/** The parts of a secret, as text and as bytes, that stand in `text` in any encoding. */
export function partsIn(text: string, secret: string, bytes: Buffer): readonly string[] {
  const forms = [...encodingsOf(secretText('text', secret)), ...encodingsOf({ name: 'bytes', bytes })]
  const parts = forms.flatMap(({ needle }) =>
    Array.from({ length: Math.max(1, needle.length - partLength + 1) }, (_, at) => needle.slice(at, at + partLength)),
  )
  return [...new Set(parts)].filter((part) => text.includes(part))
}
