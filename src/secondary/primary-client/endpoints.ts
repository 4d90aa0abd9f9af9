/**
 * Where the primary may be reached, in the order in which it is tried. Owns the permission for `http://`; opens no
 * connection. An endpoint that passes has neither user info nor query, so it may stand in messages.
 */
import { parseEndpoint } from '../../api/endpoint.ts'
import type { JoinInput } from '../../api/mc-join.ts'
import type { StoredMembership } from '../../api/membership.ts'
import { ProtocolError } from '../../protocol/errors.ts'

/**
 * The endpoints of a join: those that the user names, then those that the primary names, then the token's. Throws
 * `EndpointInvalid` for a bad one of the user's, and `InsecureEndpoint` for a forbidden one: to go another way in silence
 * would hide from the user what was written.
 */
export function joinEndpoints(
  input: JoinInput,
  named: { readonly byPrimary: readonly string[]; readonly byToken: readonly string[] },
  allowHttp: boolean,
): readonly string[] {
  if (input.doubleEncoded.includes('endpoint'))
    throw invalid('endpoint in mc-join is base64-encoded twice', 'encode it once, or use stringData')
  const byUser = [
    readUsers('primary-ingress in mc-join-config', input.endpoints.primaryIngress),
    readUsers('endpoint in mc-join', input.endpoints.endpoint),
  ].flat()
  const others = [...readOthers(named.byPrimary), ...readOthers(named.byToken)]
  const allowed = [...byUser, ...others.filter(isAllowed(allowHttp))]
  const forbidden = byUser.find((url) => !isAllowed(allowHttp)(url)) ?? (allowed.length === 0 ? others[0] : undefined)
  if (forbidden !== undefined)
    throw new ProtocolError('InsecureEndpoint', `the endpoint ${forbidden} uses http://, which is not allowed`)
  if (allowed.length === 0)
    throw invalid('neither mc-join, mc-join-config nor the token names an endpoint', 'set endpoint in mc-join')
  return [...new Set(allowed)]
}

/** The endpoints of a member: the one in use, then the others it knows. */
export function memberEndpoints(membership: StoredMembership, allowHttp: boolean): readonly string[] {
  const { endpoint, primaryIngress, endpoints } = membership
  // The one in use was allowed when the cluster joined, and the permission may be gone together with mc-join-config.
  const allowed = isAllowed(allowHttp || endpoint.startsWith('http://'))
  const others = primaryIngress === undefined ? endpoints : [primaryIngress, ...endpoints]
  return [...new Set(readOthers([endpoint, ...others]).filter(allowed))]
}

function isAllowed(allowHttp: boolean): (url: string) => boolean {
  return (url) => allowHttp || url.startsWith('https://')
}

function readUsers(what: string, text: string | undefined): readonly string[] {
  if (text === undefined) return []
  const reading = parseEndpoint(text)
  if (!reading.ok) throw faulty(what, reading.fault)
  return [reading.url]
}

/** What others name is no fault of the user's: a bad one is passed over. */
function readOthers(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) => {
    const reading = parseEndpoint(text)
    return reading.ok ? [reading.url] : []
  })
}

/** The error for a bad URL of the user's. A fault that says what to do, after its "; ", needs no other remedy. */
export function faulty(what: string, fault: string, remedy?: string): ProtocolError {
  const [fact = '', advice] = fault.split('; ')
  return invalid(`${what} ${fact}`, advice ?? remedy)
}

function invalid(what: string, remedy?: string): ProtocolError {
  return new ProtocolError('EndpointInvalid', what, remedy === undefined ? {} : { remedy })
}
