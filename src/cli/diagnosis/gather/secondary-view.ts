/** Gathers what can be seen of a secondary: what it was given, what it says, what it belongs to. Of secrets only the join token stays, redacted. */
import { annotations } from '../../../api/group.ts'
import { mcClusterInfoName } from '../../../api/mc-cluster-info.ts'
import { decodeIdentity, mcIdentityName } from '../../../api/mc-identity.ts'
import { joinHash, mcJoinConfigName, mcJoinName, parseJoinInput } from '../../../api/mc-join.ts'
import { decodeJoinStatus, mcJoinStatusName } from '../../../api/mc-join-status.ts'
import { type ConfigMap, configMapKind, type Secret, secretKind } from '../../../kube/objects.ts'
import { ProtocolError } from '../../../protocol/errors.ts'
import { signingKeyFromPem } from '../../../protocol/keys.ts'
import { parseToken } from '../../../protocol/token.ts'
import { asideKeys } from '../../../secondary/identity/identity-keeper.ts'
import { foreignBecause } from '../../../secondary/objects.ts'
import {
  type JoinView,
  type SecondaryIdentityView,
  type SecondaryView,
  type StatusView,
  valueOf,
} from '../observation.ts'
import { secondaryRights } from '../rights.ts'
import { type GatherDeps, viewOperator } from './operator-view.ts'
import { mapped, mappedIfThere } from './reader.ts'
import { readWarnings } from './warnings.ts'

/** Throws `KubeApiError`. */
export async function viewSecondary(deps: GatherDeps, namespace: string): Promise<SecondaryView> {
  const secret = async (name: string) => deps.reader.get(secretKind, { namespace, name })
  const [join, config, status, clusterInfo, identity, operator, warnings] = await Promise.all([
    secret(mcJoinName),
    deps.reader.get(configMapKind, { namespace, name: mcJoinConfigName }),
    secret(mcJoinStatusName),
    secret(mcClusterInfoName),
    secret(mcIdentityName),
    viewOperator(deps, { role: 'secondary', namespace, rights: secondaryRights(namespace) }),
    readWarnings(deps.reader, namespace),
  ])
  const own = [status, clusterInfo, identity].flatMap((reading) => valueOf(reading) ?? [])
  const written = valueOf(status)
  return {
    namespace,
    operator,
    // Without the ConfigMap neither the content nor its hash is known.
    join: config.kind === 'unread' ? config : mappedIfThere(join, (given) => viewJoin(given, config.value)),
    hasConfig: mapped(config, (found) => found !== undefined),
    status: mapped(status, () => (written === undefined ? undefined : viewStatus(written))),
    hasClusterInfo: mapped(clusterInfo, (found) => found !== undefined),
    identity: mappedIfThere(identity, viewIdentity),
    foreign: own.flatMap((found) => {
      const because = foreignBecause(found) ?? (found === valueOf(identity) ? damagedBecause(found) : undefined)
      return because === undefined ? [] : [{ name: found.metadata.name, because }]
    }),
    warnings,
  }
}

function viewJoin({ data, metadata }: Secret, config: ConfigMap | undefined): JoinView {
  // An empty ConfigMap has no `data`.
  const input = parseJoinInput(data, config && (config.data ?? {}))
  return {
    input,
    hash: joinHash(data, config?.data, metadata.annotations?.[annotations.retry]),
    tokenEndpoints: endpointsIn(input.token?.reveal()),
    createdAt: Date.parse(metadata.creationTimestamp ?? ''),
  }
}

/** What cannot be read as a token names nothing; the secondary says what is wrong with it. */
function endpointsIn(token: string | undefined): readonly string[] {
  try {
    return parseToken(token ?? '').endpoints
  } catch (error) {
    if (error instanceof ProtocolError) return []
    throw error
  }
}

function viewStatus({ data, metadata }: Secret): StatusView | undefined {
  const status = decodeJoinStatus(data)
  return status === undefined ? undefined : { ...status, annotations: metadata.annotations ?? {} }
}

/** The secondary stops at a key that it cannot use: it may be the only copy of one that is worth mending. */
function damagedBecause(secret: Secret): string | undefined {
  if (Object.keys(secret.data ?? {}).length === 0) return undefined
  try {
    signingKeyFromPem(decodeIdentity(secret)?.privateKey.reveal() ?? '')
    return undefined
  } catch {
    return `the Secret ${mcIdentityName} holds no usable key; restore it, or delete it to get a new one`
  }
}

function viewIdentity(secret: Secret): SecondaryIdentityView {
  return {
    hasKeyAside: secret.data?.[asideKeys.key] !== undefined,
    membership: decodeIdentity(secret)?.joined?.membership,
  }
}
