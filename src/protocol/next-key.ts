/**
 * The announcement of the primary's next key, `keys.next` of a result or a reply. Signed by the key itself, so that nobody
 * can announce a key that he does not hold; that the primary means it is said by the signature under the whole answer.
 */
import { z } from 'zod'
import { ProtocolError } from './errors.ts'
import * as field from './fields.ts'
import { decodeJws, readClaims, signJws, verifySignature } from './jws.ts'
import { type PublicKey, publicKeyFrom, type SigningKey } from './keys.ts'

const claimsSchema = z.object({ iss: field.clusterUid, x: field.publicKeyText })

/** Primary: announces a key. `primaryUid` is the UID of its `kube-system` namespace. */
export async function signNextKey(primaryUid: string, next: SigningKey): Promise<string> {
  const claims: z.infer<typeof claimsSchema> = { iss: primaryUid, x: next.x }
  return signJws(next, 'mcj-key+jwt', claims, { kid: next.thumbprint })
}

/** Secondary: the announced key. Throws `ProtocolError` where it is not one of this primary's that signs for itself. */
export async function openNextKey(announcement: string, primaryUid: string): Promise<PublicKey> {
  const jws = decodeJws(announcement, 'mcj-key+jwt')
  const { iss, x } = readClaims(jws, claimsSchema)
  const key = publicKeyFrom(x)
  if (iss !== primaryUid || jws.header.kid !== key.thumbprint)
    throw new ProtocolError('Malformed', 'the announced key is not one of this primary')
  await verifySignature(jws, key)
  return key
}

/** The key of an announcement that was verified before it was stored. Throws `ProtocolError` `Malformed`. */
export function readNextKey(announcement: string): PublicKey {
  return publicKeyFrom(readClaims(decodeJws(announcement, 'mcj-key+jwt'), claimsSchema).x)
}
