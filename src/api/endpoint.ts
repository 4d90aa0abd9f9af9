/**
 * The URL of a primary: the one rule for `ingress.url`, `mc-join` and the flags. Owns the pattern that the CRDs carry,
 * its CEL half and the plain words for each fault; a fault never repeats the text, which may hold a password.
 */
import { isIP } from 'node:net'
import { z } from 'zod'

export type EndpointReading =
  /** `url` has no trailing slash. `http` needs the user's permission, which is the caller's to ask for. */
  | { readonly ok: true; readonly url: string; readonly scheme: 'http' | 'https' }
  /** The predicate of a sentence: `<what> ${fault}`. */
  | { readonly ok: false; readonly fault: string }

/** Far above any real URL; it also bounds the cost of the CEL rule. */
const maxLength = 2048

const label = '[A-Za-z0-9]+(-+[A-Za-z0-9]+)*'
const host = `(${label}(\\.${label})*|\\[[0-9A-Fa-f:]+\\])`
const port = '([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])'
const path = "(/([A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?"
const endpointPattern = new RegExp(`^https?://${host}(:${port})?${path}$`)
const authorityPattern = new RegExp(`^${host}(:${port})?$`)

/**
 * A host that is no name: it has a colon, or its last label is a number, which URL parsers read as an IPv4 address
 * (WHATWG URL, "ends in a number"). Such a host must be an address in its usual form.
 */
const numericHost = '(:|(^|[.])([0-9]+|0[xX][0-9a-fA-F]*)$)'
const numericHostPattern = new RegExp(numericHost)
/** IPv4 inside IPv6 (RFC 4291 §2.5.5.2); CEL's `isIP` refuses it too. */
const mappedAddress = /^\[::ffff:[0-9a-f]+:[0-9a-f]+\]$/

const form = 'write https://<host>[:port][/path]'
const hostFault = 'has a host that is neither a DNS name nor an IP address'

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
  if (!authorityPattern.test(authority)) return authorityFault(authority)
  if (!endpointPattern.test(text)) return 'has a path with a character that must be percent-encoded'
  return isHost(authority.replace(/:[0-9]+$/, '')) ? undefined : hostFault
}

function authorityFault(authority: string): string {
  const withoutPort = authority.replace(/:[^:\]]*$/, '')
  return authorityPattern.test(withoutPort) ? 'has a port that is not a number from 1 to 65535' : hostFault
}

/** The JavaScript half of `hostRule`. */
function isHost(hostname: string): boolean {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  if (!numericHostPattern.test(bare)) return true
  if (isIP(bare) === 0) return false
  return !(bare.includes(':') && mappedAddress.test(new URL(`http://[${bare}]`).hostname))
}

/** The CEL half of `isHost`. */
const hostRule = `isIP(url(self).getHostname()) || !url(self).getHostname().matches('${numericHost}')`

/** A URL in a custom resource: the pattern and the CEL rule for the API server, the same judgement here. */
export const endpointSchema = z
  .string()
  .max(maxLength)
  .regex(endpointPattern)
  .superRefine((text, context) => {
    const reading = parseEndpoint(text)
    if (!reading.ok) context.addIssue({ code: 'custom', message: reading.fault })
  })
  .meta({
    'x-kubernetes-validations': [{ rule: hostRule, message: 'the host must be a DNS name or an IP address' }],
  })
