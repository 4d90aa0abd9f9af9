/**
 * The URL of a primary: the one rule for `ingress.url`, `mc-join` and the flags. Owns the pattern that the CRDs carry
 * and the plain words for each fault; a fault never repeats the text, which may hold a password.
 */
import { z } from 'zod'
import { patternRule } from './pattern-rule.ts'

export type EndpointReading =
  /** `url` has no trailing slash. `http` needs the user's permission, which is the caller's to ask for. */
  | { readonly ok: true; readonly url: string; readonly scheme: 'http' | 'https' }
  /** The predicate of a sentence: `<what> ${fault}`. */
  | { readonly ok: false; readonly fault: string }

/** Above any real URL, and short enough for the cost budget of the CEL rule over 100 of them. */
const maxLength = 1024

/**
 * A name whose last label starts with a letter: URL parsers read a last label that is a number as part of an IPv4
 * address (WHATWG URL, "ends in a number"), so that `1.2` would mean 1.0.0.2.
 */
const label = '[A-Za-z0-9]+(-+[A-Za-z0-9]+)*'
const dnsName = `(${label}\\.)*[A-Za-z][A-Za-z0-9]*(-+[A-Za-z0-9]+)*`

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])'
const ipv4 = `(${octet}\\.){3}${octet}`

const hextet = '[0-9A-Fa-f]{1,4}'
/** All eight parts, or `::` after none to seven of them (RFC 4291 §2.2), without the mixed form. */
const ipv6 = [
  `(${hextet}:){7}${hextet}`,
  `:((:${hextet}){1,7}|:)`,
  `(${hextet}:){1,7}:`,
  ...[1, 2, 3, 4, 5, 6].map((before) => `(${hextet}:){${before}}(:${hextet}){1,${7 - before}}`),
].join('|')

const host = `(${dnsName}|${ipv4}|\\[(${ipv6})\\])`
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])'
const path = "(/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"

const hostPattern = new RegExp(`^${host}$`)
const authorityPattern = new RegExp(`^${host}(:${port})?$`)
const endpointPattern = new RegExp(`^https?://${host}(:${port})?${path}$`)

const form = 'write https://<host>[:port][/path]'

/** Reads a URL exactly as given: the caller trims. */
export function parseEndpoint(text: string): EndpointReading {
  const fault = faultOf(text)
  if (fault !== undefined) return { ok: false, fault }
  return { ok: true, url: text.replace(/\/+$/, ''), scheme: text.startsWith('https:') ? 'https' : 'http' }
}

function faultOf(text: string): string | undefined {
  if (text === '') return `is empty; ${form}`
  if (text.length > maxLength) return `is longer than ${maxLength} characters`
  if (/\s/.test(text)) return 'contains white space; remove it'
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]{0,31}):\/\//.exec(text)?.[1]
  if (scheme === undefined) return `has no scheme; ${form}`
  if (scheme !== 'http' && scheme !== 'https') return `has a scheme other than http and https; ${form}`
  const rest = text.slice(scheme.length + 3)
  const authority = /^[^/?#]*/.exec(rest)?.[0] ?? ''
  if (authority === '') return `has no host; ${form}`
  if (authority.includes('@')) return 'carries user info, the part before "@"; remove it'
  if (rest.includes('?')) return 'has a query, the part from "?" on; remove it'
  if (rest.includes('#')) return 'has a fragment, the part from "#" on; remove it'
  if (!hostPattern.test(authority.replace(/:[^:\]]*$/, '')))
    return 'has a host that is neither a DNS name nor an IP address'
  if (!authorityPattern.test(authority)) return 'has a port that is not a number from 1 to 65535'
  return endpointPattern.test(text) ? undefined : 'has a path with a character that must be percent-encoded'
}

/** A URL in a custom resource: one pattern for us and for the API server; the words for the exact fault are ours. */
export const endpointSchema = z
  .string()
  .max(maxLength)
  .refine((text) => endpointPattern.test(text), { error: (issue) => faultOf(String(issue.input)) })
  .meta(
    patternRule(
      endpointPattern,
      'must be http:// or https://, a host, and optionally a port and a path; no query, fragment or user info',
    ),
  )
