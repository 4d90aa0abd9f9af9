/** Gathers what can be seen of a primary: its kinds, its objects, its key's Secret. Of tokens and keys no value is kept. */
import { type Bootstrap, bootstrapKind } from '../../../api/bootstrap.ts'
import { type Cluster, clusterKind } from '../../../api/cluster.ts'
import { annotations, group, managedBy, managedByLabel } from '../../../api/group.ts'
import { joinTokenType } from '../../../api/join-token-secret.ts'
import { primaryIdentityName } from '../../../api/primary-identity.ts'
import {
  customResourceDefinitionKind,
  type Kind,
  type KubeObject,
  type Secret,
  secretKind,
} from '../../../kube/objects.ts'
import { rollOf } from '../../rolling.ts'
import { type DefinitionView, type PrimaryView, type Reading, type TokenView, valueOf } from '../observation.ts'
import { primaryRights } from '../rights.ts'
import { type GatherDeps, viewOperator } from './operator-view.ts'
import type { Places } from './places.ts'
import { mapped, mappedIfThere, type Reader } from './reader.ts'
import { readWarnings } from './warnings.ts'

/** Throws `KubeApiError`. */
export async function viewPrimary(deps: GatherDeps, { primary: namespace, operator }: Places): Promise<PrimaryView> {
  const { reader } = deps
  const definitions = await viewDefinitions(reader)
  const stateOf = (plural: string) => valueOf(definitions)?.find(({ name }) => name === `${plural}.${group}`)?.state
  const listOwn = async <T extends KubeObject>(kind: Kind<T>): Promise<Reading<readonly T[]>> =>
    // Objects of another program have whatever form they like; who may not read definitions may still read objects.
    ['ours', undefined].includes(stateOf(kind.plural)) ? reader.list(kind, { namespace }) : { kind: 'unread' }
  const [bootstraps, clusters, tokens, identity, program, warnings] = await Promise.all([
    listOwn<Bootstrap>(bootstrapKind),
    listOwn<Cluster>(clusterKind),
    reader.list(secretKind, { namespace, fieldSelector: `type=${joinTokenType}` }),
    reader.get(secretKind, { namespace: operator, name: primaryIdentityName }),
    viewOperator(deps, { role: 'primary', namespace: operator, rights: primaryRights(namespace, operator) }),
    readWarnings(reader, namespace),
  ])
  return {
    namespace,
    operator: program,
    definitions,
    bootstraps,
    clusters,
    tokens: mapped(tokens, (secrets) => secrets.map(viewToken)),
    identity: mappedIfThere(identity, (secret) => rollOf(secret) ?? ('damaged' as const)),
    warnings,
  }
}

function viewToken({ metadata }: Secret): TokenView {
  return { name: metadata.name, metadata, isFilled: metadata.annotations?.[annotations.tokenId] !== undefined }
}

interface Definition extends KubeObject {
  spec?: { versions?: readonly { name: string; served: boolean }[] }
}

async function viewDefinitions(reader: Reader): Promise<PrimaryView['definitions']> {
  const views: DefinitionView[] = []
  for (const { plural, kind } of [bootstrapKind, clusterKind]) {
    const name = `${plural}.${group}`
    const definition = await reader.get<Definition>(customResourceDefinitionKind, { name })
    if (definition.kind === 'unread') return definition
    views.push({ name, ...(await judge(reader, definition.value, { plural, kind })) })
  }
  return { kind: 'read', value: views }
}

async function judge(
  reader: Reader,
  definition: Definition | undefined,
  names: { plural: string; kind: string },
): Promise<Pick<DefinitionView, 'state' | 'objects'>> {
  if (definition === undefined) return { state: 'missing' }
  if (definition.metadata.labels?.[managedByLabel] === managedBy) return { state: 'ours' }
  const version = definition.spec?.versions?.find(({ served }) => served)?.name
  if (version === undefined) return { state: 'foreign' }
  const kind = { ...names, apiVersion: `${group}/${version}`, namespaced: true }
  const objects = valueOf(await reader.list(kind, {}))?.length
  return { state: 'foreign', ...(objects === undefined ? {} : { objects }) }
}
