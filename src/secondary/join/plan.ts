/**
 * Judges the content of `mc-join` and `mc-join-config` before a byte is sent: a plan for the join, or the error with the
 * name of the key to mend. Pure.
 */
import { isClusterName } from '../../api/cluster-name.ts'
import { parseEndpoint } from '../../api/endpoint.ts'
import type { JoinInput } from '../../api/mc-join.ts'
import type { StoredMembership } from '../../api/membership.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { K10 } from '../../protocol/fields.ts'
import { type JoinToken, parseToken } from '../../protocol/token.ts'
import { faulty, joinEndpoints } from '../primary-client/endpoints.ts'

/** How the primary is reached, and what it is told of this cluster. */
export interface Way {
  /** In the order in which they are tried; at least one. */
  readonly endpoints: readonly string[]
  readonly k10: K10
  readonly allowUntrustedTls: boolean
}

export interface JoinPlan extends Way {
  readonly kind: 'join'
  readonly token: JoinToken
  /** The name that the user asks for. */
  readonly name: string | undefined
  /** What the membership remembers of the content that led to it. */
  readonly origin: Pick<StoredMembership, 'dialect' | 'primaryIngress'>
}

export interface PlanContext {
  /** UID of this cluster's `kube-system` namespace. */
  readonly ownUid: string
  readonly installation: { readonly namespace: string; readonly releaseName: string }
  readonly allowHttp: boolean
  readonly member: StoredMembership | undefined
}

export type Judgement =
  | { readonly ok: true; readonly plan: JoinPlan }
  | { readonly ok: false; readonly error: ProtocolError }

export function judgeInput(input: JoinInput, context: PlanContext): Judgement {
  try {
    return { ok: true, plan: planJoin(input, context) }
  } catch (error) {
    if (error instanceof ProtocolError) return { ok: false, error }
    throw error
  }
}

function planJoin(input: JoinInput, { ownUid, installation, allowHttp, member }: PlanContext): JoinPlan {
  if (input.token === undefined) throw new ProtocolError('TokenMalformed', 'mc-join has no token, or an empty one')
  const token = parseToken(input.token.reveal())
  if (token.primaryUid === ownUid) throw new ProtocolError('SelfJoin')
  const named = {
    byPrimary: member?.primaryUid === token.primaryUid ? member.endpoints : [],
    byToken: token.endpoints,
  }
  return {
    kind: 'join',
    token,
    endpoints: joinEndpoints(input, named, allowHttp),
    name: readName(input.clusterName),
    k10: { ...installation, ...readIngress(input.clusterIngress) },
    allowUntrustedTls: input.allowUntrustedPrimaryTls,
    origin: originOf(input),
  }
}

function originOf({ dialect, endpoints: { primaryIngress } }: JoinInput): JoinPlan['origin'] {
  return primaryIngress === undefined ? { dialect } : { dialect, primaryIngress }
}

function readName(name: string | undefined): string | undefined {
  if (name !== undefined && !isClusterName(name)) throw new ProtocolError('NameInvalid')
  return name
}

function readIngress(text: string | undefined): Pick<K10, 'ingress'> {
  if (text === undefined) return {}
  const reading = parseEndpoint(text)
  if (reading.ok) return { ingress: { url: reading.url } }
  throw faulty('cluster-ingress in mc-join-config', reading.fault, 'set it to the URL of this cluster, or remove it')
}
