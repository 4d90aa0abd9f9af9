/**
 * A member's request for another key: signed by the new key, and sent inside the proof of possession of the old one, so
 * that both agree. Which key may take the place of which is for the primary to decide.
 */
import { z } from 'zod'
import { protocolVersion } from './challenge.ts'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import { decodeJws, embeddedKey, readClaims, signJws, verifySignature } from './jws.ts'
import type { PublicKey, SigningKey } from './keys.ts'

export const rekeySchema = z.object({ request: field.compactJws, kid: field.thumbprint.optional() })

export type Rekey = z.infer<typeof rekeySchema>

const rekeyClaims = z.object({
  v: z.literal(protocolVersion),
  iss: field.thumbprint,
  aud: field.clusterUid,
  sub: field.clusterUid,
  old: field.thumbprint,
  iat: field.time,
})

/** Whose key is to be replaced, and at which primary. */
export interface RekeySubject {
  readonly primaryUid: string
  /** UID of the member's `kube-system` namespace. */
  readonly uid: string
  /** Thumbprint of the key that is to be replaced, which signs the proof. */
  readonly oldKeyId: string
}

/** Secondary: signs the request with the new key. `now` is ms since the epoch and only reported, never judged. */
export async function signRekeyRequest(key: SigningKey, subject: RekeySubject, now: number): Promise<string> {
  const claims: z.infer<typeof rekeyClaims> = {
    v: protocolVersion,
    iss: key.thumbprint,
    aud: subject.primaryUid,
    sub: subject.uid,
    old: subject.oldKeyId,
    iat: Math.floor(now / 1000),
  }
  return signJws(key, 'mcj-rekey+jwt', claims, { embedKey: true })
}

/**
 * Primary: the new key, where it has signed this request for this very member. Throws `Malformed` for a weak key or wrong
 * echoes, `ProofInvalid` for a wrong signature.
 */
export async function verifyRekeyRequest(compact: string, subject: RekeySubject): Promise<PublicKey> {
  const jws = decodeJws(compact, 'mcj-rekey+jwt')
  const key = embeddedKey(jws)
  await verifySignature(jws, key)
  const { iss, aud, sub, old } = readClaims(jws, rekeyClaims)
  if (iss !== key.thumbprint) throw new ProtocolError('Malformed', 'the request names another key than its own')
  if (aud !== subject.primaryUid) throw new ProtocolError('Malformed', 'the request is meant for another primary')
  if (sub !== subject.uid) throw new ProtocolError('Malformed', 'the request is about another cluster')
  if (old !== subject.oldKeyId) throw new ProtocolError('Malformed', 'the request replaces another key')
  return key
}
