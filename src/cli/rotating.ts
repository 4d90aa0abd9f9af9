/** How a secondary is told to replace its key, and how that ends: the operator there does the rest. */
import { annotations } from '../api/group.ts'
import { decodeClusterInfo, mcClusterInfoName } from '../api/mc-cluster-info.ts'
import { mcIdentityName, otherKeys } from '../api/mc-identity.ts'
import { decodeSecretValue } from '../api/secret-data.ts'
import type { KubeClient } from '../kube/client.ts'
import { keyOf, type Secret, secretKind } from '../kube/objects.ts'
import { signingKeyFromPem } from '../protocol/keys.ts'
import type { Changes } from './changes.ts'
import { kubectl, type Target } from './command-line.ts'
import { CliError } from './errors.ts'
import { plainText } from './output.ts'
import type { Surroundings } from './surroundings.ts'
import { waitFor } from './wait.ts'

export interface MemberSecrets {
  readonly info: Secret | undefined
  readonly identity: Secret | undefined
}

/** Throws `KubeApiError`. */
export async function memberSecrets(client: KubeClient, namespace: string): Promise<MemberSecrets> {
  const [info, identity] = await Promise.all([
    client.get(secretKind, { namespace, name: mcClusterInfoName }),
    client.get(secretKind, { namespace, name: mcIdentityName }),
  ])
  return { info, identity }
}

/** The wish, by which its end is recognised. `info` is `mc-cluster-info` as read, `now` ms since the epoch. Throws `KubeApiError`. */
export async function askForKey(changes: Changes, info: Secret, now: number): Promise<string> {
  const value = new Date(now).toISOString()
  await changes.patch(
    secretKind,
    keyOf(info),
    // With the uid it cannot be the information of a membership that has begun since.
    { metadata: { uid: info.metadata.uid, annotations: { [annotations.rotate]: value } } },
    'annotated',
  )
  return value
}

interface Followed {
  readonly namespace: string
  /** `mc-identity` as it was before. */
  readonly before: Secret
  readonly value: string
  readonly target: Target
  readonly timeoutMs: number
}

/** Says what comes of it. Throws `CliError` where it did not end in time. */
export async function followKey(
  surroundings: Surroundings,
  client: KubeClient,
  { namespace, before, value, target, timeoutMs }: Followed,
): Promise<void> {
  let told: string | undefined
  const end = await waitFor(surroundings, timeoutMs, async () => {
    const secrets = await memberSecrets(client, namespace)
    const error = secrets.info?.metadata.annotations?.[annotations.rotateError]
    if (error !== undefined && error !== told) surroundings.say(plainText(error))
    told = error
    return endOf(secrets, { before, value })
  })
  switch (end?.kind) {
    case 'replaced':
      surroundings.say(`the key of this cluster is ${end.keyId} now; the one before is refused from its first use on`)
      return
    case 'given-up':
      throw new CliError('the primary has not taken the new key, and it was given up', {
        next: kubectl(target, 'conjoin', 'status', '-n', namespace),
      })
    case undefined:
      throw new CliError(
        `the key was not replaced after ${timeoutMs / 1000} s; it goes on by itself where the operator runs`,
        { next: kubectl(target, 'conjoin', 'status', '-n', namespace) },
      )
  }
}

type End = { readonly kind: 'replaced'; readonly keyId: string } | { readonly kind: 'given-up' }

/** Undefined while it goes on. */
function endOf(
  { info, identity }: MemberSecrets,
  { before, value }: Pick<Followed, 'before' | 'value'>,
): End | undefined {
  const isTakenUp = identity?.metadata.annotations?.[annotations.rotated] === value
  const isPending = (decodeSecretValue(identity?.data, otherKeys.next) ?? '') !== ''
  if (!isTakenUp || isPending) return undefined
  if (identity.data?.['key'] === before.data?.['key']) return { kind: 'given-up' }
  // Its token follows the key.
  const isFollowed = decodeClusterInfo(info?.data)?.token.reveal() === decodeClusterInfo(identity.data)?.token.reveal()
  return isFollowed ? { kind: 'replaced', keyId: keyIdOf(identity) } : undefined
}

function keyIdOf(identity: Secret): string {
  return signingKeyFromPem(decodeSecretValue(identity.data, 'key') ?? '').thumbprint
}
