/** What a proven token allows: its expiry, its scope, its number of uses. Pure. */
import type { JoinTokenSettings } from '../../api/join-token-settings.ts'
import type { ErrorCode } from '../../protocol/errors.ts'

export interface TokenRefusal {
  readonly code: Extract<ErrorCode, 'TokenExpired' | 'TokenScope' | 'TokenExhausted'>
  readonly what: string
}

/** Before anything about other clusters is looked up. `now` is ms since the epoch; `name` is the one asked for. */
export function judgeToken(
  { expiresAt, boundUid, clusterName }: JoinTokenSettings,
  asked: { readonly uid: string; readonly name: string | undefined; readonly now: number },
): TokenRefusal | undefined {
  if (expiresAt !== undefined && asked.now >= expiresAt)
    return { code: 'TokenExpired', what: `the join token expired at ${new Date(expiresAt).toISOString()}` }
  if (boundUid !== undefined && boundUid !== asked.uid)
    return scope('the join token is bound to the uid of another cluster')
  return asked.name === undefined ? undefined : judgeName(clusterName, asked.name)
}

/** After the decision: `name` is the one that the cluster has or would get, `user` who it is, as `userOf` names it. */
export function judgeUse(
  { clusterName, maxUses }: JoinTokenSettings,
  use: { readonly name: string; readonly user: string; readonly isMember: boolean; readonly users: readonly string[] },
): TokenRefusal | undefined {
  const misnamed = judgeName(clusterName, use.name)
  if (misnamed !== undefined) return misnamed
  const isFree = use.isMember || use.users.includes(use.user)
  if (maxUses === undefined || isFree || use.users.length < maxUses) return undefined
  return {
    code: 'TokenExhausted',
    what: `the join token allows ${maxUses} ${maxUses === 1 ? 'use' : 'uses'}, and all are taken`,
  }
}

/**
 * Before a refusal tells of the Cluster of this name: a token that could not let it in is no means to ask who is a member.
 * The applicant would be refused all the same.
 */
export function judgeTelling(
  settings: JoinTokenSettings,
  use: { readonly name: string; readonly user: string; readonly users: readonly string[] },
): TokenRefusal | undefined {
  const only = settings.clusterName
  if (only !== undefined && only !== use.name) return scope(`the join token admits only the name ${only}`)
  return judgeUse(settings, { ...use, isMember: false })
}

function judgeName(only: string | undefined, name: string): TokenRefusal | undefined {
  return only === undefined || only === name
    ? undefined
    : scope(`the join token admits only the name ${only}, not ${name}`)
}

function scope(what: string): TokenRefusal {
  return { code: 'TokenScope', what }
}
