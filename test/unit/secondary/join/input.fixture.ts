/** `mc-join` and `mc-join-config` as a user would fill them. */
import { type JoinInput, parseJoinInput } from '../../../../src/api/mc-join.ts'
import { encodeSecretData } from '../../../../src/api/secret-data.ts'

export interface Given {
  readonly token?: string
  readonly endpoint?: string
  readonly clusterName?: string
  /** Absent: there is no ConfigMap. */
  readonly config?: Readonly<Record<string, string>>
}

export function joinInput({ config, ...secret }: Given): JoinInput {
  return parseJoinInput(encodeSecretData(secret), config)
}
