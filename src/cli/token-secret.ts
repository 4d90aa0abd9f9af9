/** A join-token Secret that the user has named: whether it is one, and what a secondary is told by it. */
import { annotations } from '../api/group.ts'
import { decodeJoinTokenData, joinTokenType } from '../api/join-token-secret.ts'
import type { Secret } from '../kube/objects.ts'
import { kubectl, type Target } from './command-line.ts'
import { CliError } from './errors.ts'
import type { Invitation } from './manifests.ts'

/** Throws `CliError` where the Secret is missing or something else. */
export function joinTokenSecret(
  secret: Secret | undefined,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  target: Target,
): Secret {
  if (secret?.type === joinTokenType) return secret
  const what = secret === undefined ? `there is no join token ${name}` : `the Secret ${name} is no join token`
  throw new CliError(`${what} in ${namespace}`, { next: kubectl(target, 'conjoin', 'token', 'list', '-n', namespace) })
}

/** `namespace` is that of the secondary. Throws `CliError` where the Secret holds no token. */
export function invitationBy(secret: Secret, namespace: string, target: Target): Invitation {
  const { endpoint, token } = decodeJoinTokenData(secret.data)
  const { name, namespace: home = '', annotations: stored = {} } = secret.metadata
  if (endpoint !== undefined && token !== undefined)
    return { namespace, endpoint, token, clusterName: stored[annotations.clusterName] }
  if (stored[annotations.tokenId] === undefined)
    throw new CliError(`${name} has not been filled yet`, { next: kubectl(target, 'conjoin', 'status') })
  throw new CliError(`the token of ${name} has been blanked, as it was asked to be`, {
    next: kubectl(target, 'conjoin', 'token', 'create', '-n', home),
  })
}
