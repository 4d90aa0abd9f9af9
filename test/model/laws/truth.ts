/** A signed refusal is true: what it rests on held at some moment while the request was being answered. */
import { standingOf } from '../../../src/primary/cluster/standing.ts'
import { claimedThumbprint } from '../../../src/protocol/possession-proof.ts'
import { joinPath, proofHeader } from '../../../src/protocol/wire.ts'
import type { MemoryApiServer } from '../../support/memory-api/server.ts'
import type { StoredObject } from '../../support/memory-api/stored.ts'
import type { Answered } from '../world/network.ts'
import { payloadOf, readAsked } from './asked.ts'
import { asCluster, everSince, heldSince, isLeaving, tokenIdOf, wasGivenUp } from './stored.ts'

/** The law that an answer breaks, in words; undefined where it breaks none. */
export function falseRefusal(primary: MemoryApiServer, answered: Answered): string | undefined {
  if (answered.isProofless) return undefined
  const { path } = answered.message
  if (path.endsWith(joinPath)) return falseResult(primary, answered)
  return path.includes('/clusters/') ? falseReply(primary, answered) : undefined
}

function falseResult(primary: MemoryApiServer, { message, answer, since }: Answered): string | undefined {
  if (answer.status !== 403) return undefined
  const { result } = JSON.parse(answer.body) as { result: string }
  const { code } = said(result)
  const asked = readAsked(message.body)
  const memberIs = (uid: string | undefined, keyId: string | undefined) => (object: StoredObject) => {
    const { member } = asCluster(object).spec
    return member !== undefined && (uid ?? member.uid) === member.uid && (keyId ?? member.keyId) === member.keyId
  }
  switch (code ?? '') {
    case 'TokenInvalid': {
      const isValid = (object: StoredObject) =>
        asked.tid !== null && tokenIdOf(object) === asked.tid && !isLeaving(object)
      // A token ends with the key that has sealed it.
      return heldSince(primary, 'secrets', since, isValid) && !wasGivenUp(primary)
        ? 'a token that was there all the time is refused'
        : undefined
    }
    case 'Disconnected': {
      const isOwn = memberIs(asked.uid, asked.keyId)
      const isMember = (object: StoredObject) => !isLeaving(object) && isOwn(object)
      // Of two Clusters of one member, the deletion of either disconnects it.
      const isEnded = everSince(primary, 'clusters', since, (object) => isLeaving(object) && isOwn(object))
      return heldSince(primary, 'clusters', since, isMember) && !isEnded
        ? 'a member is told that it was disconnected'
        : undefined
    }
    case 'KeyMismatch': {
      const isOther = (object: StoredObject) =>
        memberIs(asked.uid, undefined)(object) && !memberIs(asked.uid, asked.keyId)(object)
      return everSince(primary, 'clusters', since, isOther) ? undefined : 'KeyMismatch, and no other key was there'
    }
    case 'CloneSuspected': {
      const isOther = (object: StoredObject) =>
        memberIs(undefined, asked.keyId)(object) && !memberIs(asked.uid, asked.keyId)(object)
      return everSince(primary, 'clusters', since, isOther) ? undefined : 'CloneSuspected, and no other uid was there'
    }
    case 'NameTaken': {
      const isTaken = (object: StoredObject) =>
        object.metadata.name === asked.name && !memberIs(asked.uid, asked.keyId)(object)
      return everSince(primary, 'clusters', since, isTaken) ? undefined : 'NameTaken, and nobody had the name'
    }
    default:
      return undefined
  }
}

function falseReply(primary: MemoryApiServer, { message, answer, since }: Answered): string | undefined {
  const { reply } = JSON.parse(answer.body) as { reply?: string }
  if (reply === undefined) return undefined
  const { status } = said(reply)
  const keyId = claimedThumbprint(message.headers[proofHeader] ?? '')
  const clusterName = /\/clusters\/([^/]+)\//.exec(message.path)?.[1]
  const isOf = (object: StoredObject) => {
    const cluster = asCluster(object)
    return cluster.spec.member?.keyId === keyId && !isLeaving(object) && standingOf(cluster) === 'admitted'
  }
  const isNamed = ({ metadata }: StoredObject) => metadata.name === clusterName
  const uid = primary.all('clusters').filter(isNamed).map(asCluster)[0]?.spec.member?.uid
  // Of two Clusters of one cluster only the older is a member's.
  const isTwin = (object: StoredObject) => {
    const { member } = asCluster(object).spec
    return !isNamed(object) && member !== undefined && (member.uid === uid || member.keyId === keyId)
  }
  const wasMember = () =>
    heldSince(primary, 'clusters', since, (object) => isOf(object) && isNamed(object)) &&
    !everSince(primary, 'clusters', since, isTwin)
  switch (status ?? '') {
    case 'Disconnected':
    case 'UnknownCluster':
    case 'KeyMismatch':
      return wasMember() ? `a member is told ${status}` : undefined
    default:
      return undefined
  }
}

function said(jws: string): { readonly code?: string; readonly status?: string } {
  return JSON.parse(payloadOf(jws)) as { code?: string; status?: string }
}
