/** What the user asks for: `mc-join` and `mc-join-config` read together, and the hash that names this very content. */
import { annotations } from '../../api/group.ts'
import { type JoinInput, joinHash, parseJoinInput } from '../../api/mc-join.ts'
import type { GivenObjects } from '../objects.ts'

export interface Content {
  /** Names the content; also where there is no `mc-join`. */
  readonly hash: string
  /** Absent where there is no `mc-join`. */
  readonly input?: JoinInput
  /** The user's permissions, which also hold while a member has no `mc-join`. */
  readonly allowHttp: boolean
  readonly allowUntrustedTls: boolean
  /** The URL of this cluster as the user gives it, also without `mc-join`. */
  readonly clusterIngress: string | undefined
}

/** `allowHttp` is the operator's own permission for `http://`. */
export function readContent({ join, config }: GivenObjects, { allowHttp }: { allowHttp: boolean }): Content {
  // Kubernetes stores no `data` where there are no keys, and an empty ConfigMap is all that the second dialect waits for.
  const input = parseJoinInput(join?.data, config && (config.data ?? {}))
  return {
    hash: joinHash(join?.data, config?.data, join?.metadata.annotations?.[annotations.retry]),
    ...(join === undefined ? {} : { input }),
    allowHttp: allowHttp || input.allowInsecurePrimaryIngress,
    allowUntrustedTls: input.allowUntrustedPrimaryTls,
    clusterIngress: input.clusterIngress,
  }
}
