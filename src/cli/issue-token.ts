/** Gets a join token from a primary: its Secret, once the primary has filled it. Owns the words for one that stays empty. */
import { randomBytes } from 'node:crypto'
import { annotations } from '../api/group.ts'
import type { KubeClient } from '../kube/client.ts'
import { keyOf, type Secret, secretKind } from '../kube/objects.ts'
import { kubectl, type Target } from './command-line.ts'
import { CliError } from './errors.ts'
import type { Surroundings } from './surroundings.ts'
import { waitFor } from './wait.ts'

/** For a token that was given no name. */
export function randomTokenName(): string {
  return `join-token-secret-${randomBytes(4).toString('hex')}`
}

/** Throws `CliError` where the primary refuses to issue it, or says nothing for `timeoutMs`. */
export async function untilFilled(
  surroundings: Pick<Surroundings, 'clock' | 'signal'>,
  client: KubeClient,
  created: Secret,
  options: {
    readonly target: Target
    readonly timeoutMs: number
    /** The Secret outlives a failure. */
    readonly isKept: boolean
  },
): Promise<Secret> {
  const { target, timeoutMs, isKept } = options
  const { name, namespace = '' } = created.metadata
  const answer = await waitFor(surroundings, timeoutMs, async () => {
    const secret = await client.get(secretKind, keyOf(created))
    const isJudged = [annotations.tokenId, annotations.tokenError].some((key) => secret?.metadata.annotations?.[key])
    return secret === undefined || isJudged ? { secret } : undefined
  })
  if (answer === undefined)
    throw new CliError(
      `the primary has not filled the join token ${name} in ${timeoutMs / 1000} s: no operator runs, or it has no Bootstrap yet${isKept ? '. The Secret stays, and is filled when it can be' : ''}`,
      { next: kubectl(target, 'conjoin', 'status', '-n', namespace) },
    )
  const { secret } = answer
  if (secret === undefined)
    throw new CliError(`the join token ${name} has been deleted`, {
      next: kubectl(target, 'conjoin', 'token', 'list', '-n', namespace),
    })
  const fault = secret.metadata.annotations?.[annotations.tokenError]
  if (fault === undefined) return secret
  throw new CliError(`the join token ${name} is not issued: ${fault}`, {
    next: kubectl(target, 'conjoin', 'token', 'revoke', name, '-n', namespace),
  })
}
