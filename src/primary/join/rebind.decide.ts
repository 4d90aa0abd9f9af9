/**
 * Whether a member that comes with a new key may take its own place, and how an administrator allows it. Pure. A uid is no
 * secret: what proves a rebind is the word of somebody who may write on the primary, given for this very case.
 */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import type { JoinTokenSettings } from '../../api/join-token-settings.ts'
import { parseTimestamp } from '../../api/timestamp.ts'
import { clockTolerance } from '../../protocol/nonce.ts'
import type { KnownToken } from './token-source.ts'

/** A token that was made for one cluster, whichever key it comes with. */
export interface Vouching {
  readonly uid: string
  readonly tokenId: string
  /** When the Secret of the token was created, ms since the epoch. */
  readonly madeAt: number
}

/**
 * What a token says of a new key. One that asks for approval leaves the decision to somebody else: then the annotation
 * alone allows it.
 */
export function vouchingOf(
  { id, secret }: Pick<KnownToken, 'id' | 'secret'>,
  { boundUid, approval }: Pick<JoinTokenSettings, 'boundUid' | 'approval'>,
): Vouching | undefined {
  const madeAt = parseTimestamp(secret.metadata.creationTimestamp ?? '')
  if (boundUid === undefined || approval === 'manual' || madeAt === undefined) return undefined
  return { uid: boundUid, tokenId: id, madeAt }
}

/** Whether the annotation names this key, or the token was made for this cluster after its present key was admitted. */
export function mayRebind(
  { metadata, spec: { member } }: Cluster,
  applicant: { readonly uid: string; readonly keyId: string },
  vouching: Vouching | undefined,
): boolean {
  if (member?.uid !== applicant.uid) return false
  if (metadata.annotations?.[annotations.allowRebind] === applicant.keyId) return true
  if (vouching?.uid !== applicant.uid) return false
  // A Secret that came back out of a backup is young, and its token is as old as it was: the one that admitted the present
  // key says nothing of another. The two times are told by two clocks.
  return vouching.tokenId !== member.tokenId && vouching.madeAt > Date.parse(member.since) + clockTolerance
}

/** For a shell as it stands: names, namespaces and thumbprints hold nothing that a shell reads. */
export function rebindCommand({ metadata: { name, namespace } }: Cluster, keyId: string): string {
  return `kubectl annotate clusters.dist.kio.kasten.io ${name} -n ${namespace} ${annotations.allowRebind}=${keyId} --overwrite`
}
