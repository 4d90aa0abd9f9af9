/** Follows a join by what the secondary says of it, and tells every change. It writes nothing. */
import { decodeJoinStatus, type JoinStatus, mcJoinStatusName } from '../../api/mc-join-status.ts'
import type { KubeClient } from '../../kube/client.ts'
import { secretKind } from '../../kube/objects.ts'
import { plainText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'

export type JoinEnd =
  | { readonly kind: 'joined'; readonly message: string }
  | { readonly kind: 'rejected'; readonly message: string }
  /** `message`: the last that was said, where anything was. */
  | { readonly kind: 'unfinished'; readonly message: string | undefined }

/** What `status` says of the content with this hash; undefined where that is nothing yet. */
export function wordOn(
  status: JoinStatus | undefined,
  hash: string,
): Exclude<JoinEnd, { kind: 'unfinished' }> | undefined {
  if (status?.hash !== hash) return undefined
  switch (status.status) {
    case 'Joined':
      return { kind: 'joined', message: status.msg }
    case 'Rejected':
      return { kind: 'rejected', message: status.msg }
    case 'Joining':
      return undefined
  }
}

/** Waits for the operator's last word on the content with this hash. Throws `KubeApiError`. */
export async function followJoin(
  surroundings: Surroundings,
  client: KubeClient,
  { namespace, hash, timeoutMs }: { readonly namespace: string; readonly hash: string; readonly timeoutMs: number },
): Promise<JoinEnd> {
  let told: string | undefined
  const end = await waitFor(surroundings, timeoutMs, async () => {
    const secret = await client.get(secretKind, { namespace, name: mcJoinStatusName })
    const status = decodeJoinStatus(secret?.data)
    if (status?.hash === hash && status.status === 'Joining' && status.msg !== told) {
      told = status.msg
      surroundings.say(`joining: ${plainText(status.msg)}`)
    }
    return wordOn(status, hash)
  })
  return end ?? { kind: 'unfinished', message: told }
}
