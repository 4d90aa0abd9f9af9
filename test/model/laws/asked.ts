/** What a request to join says of itself, as anybody on its way can read it; nothing in it is verified here. */

export interface Asked {
  /** Null where it rests on a membership that the primary has forgotten. */
  readonly tid: string | null
  readonly keyId: string
  readonly uid: string
  readonly serverNonce: string
  readonly clientNonce: string
  readonly name: string | undefined
}

interface Claims {
  readonly tid: string | null
  readonly iss: string
  readonly sub: string
  readonly sn: string
  readonly cn: string
  readonly name?: string
}

export function readAsked(body: string): Asked {
  const { request, token } = JSON.parse(body) as { request: string; token?: string }
  // With a join token, the request is nested in the proof of it.
  const signed = token === undefined ? payloadOf(request) : request
  const { tid, iss, sub, sn, cn, name } = JSON.parse(payloadOf(signed)) as Claims
  return { tid, keyId: iss, uid: sub, serverNonce: sn, clientNonce: cn, name }
}

/** What a compact JWS carries, as text. */
export function payloadOf(jws: string): string {
  return Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString()
}
