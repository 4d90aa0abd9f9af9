/**
 * How long the API requests of one join take by themselves: a bare client sends them again, in their order, one after the
 * other, to the same quiet control planes. No join can be quicker that asks for the same.
 */
import { randomBytes } from 'node:crypto'
import { KubeApiError } from '../../src/kube/errors.ts'
import { namespaceKind, type Secret, secretKind } from '../../src/kube/objects.ts'
import type { KubeRequest } from '../../src/kube/transport.ts'
import type { Pair } from './pair.ts'
import type { SidedRequest } from './single-join.ts'

/** How many characters of data each Secret of a joined pair holds, by its name. */
export type SecretSizes = ReadonlyMap<string, number>

/** Asked while the secondary is joined. */
export async function secretSizes({ primary, secondary }: Pair): Promise<SecretSizes> {
  const lists = await Promise.all(
    [primary, secondary].map(async ({ client, namespace }) => client.list(secretKind, { namespace })),
  )
  return new Map(lists.flatMap(({ items }) => items).map((secret) => [secret.metadata.name, sizeOf(secret)]))
}

function sizeOf({ data = {} }: Secret): number {
  return Object.values(data).join('').length
}

/** Milliseconds that the requests took, for each of so many times; the objects are made anew, in namespaces of their own. */
export async function measureFloor(
  pair: Pair,
  join: { readonly requests: readonly SidedRequest[]; readonly sizes: SecretSizes },
  times: number,
): Promise<readonly number[]> {
  const durations: number[] = []
  for (let index = 0; index < times; index += 1) {
    const namespace = `floor-${index}`
    await prepare(pair, join, namespace)
    const copies = join.requests.map((request) => ({ side: request.side, ...copyOf(request, pair, join, namespace) }))
    const startedAt = performance.now()
    for (const { side, ...copy } of copies) await send(pair, side, copy)
    durations.push(performance.now() - startedAt)
  }
  return durations
}

/** What a join finds: a namespace on both sides, and the join token. */
async function prepare(
  { primary, secondary }: Pair,
  { requests, sizes }: { requests: readonly SidedRequest[]; sizes: SecretSizes },
  namespace: string,
): Promise<void> {
  for (const { client } of [primary, secondary]) await client.create(namespaceKind, { metadata: { name: namespace } })
  const tokens = requests.filter(({ side, resource }) => side === 'primary' && resource === 'secrets')
  for (const name of new Set(tokens.map((request) => request.name)))
    await primary.client.create<Secret>(secretKind, standIn(namespace, name, sizes))
}

/** The bodies of Secrets are in no log: another one of the same size takes their place. */
function standIn(namespace: string, name: string, sizes: SecretSizes): Secret {
  const size = sizes.get(name) ?? 0
  return { metadata: { namespace, name }, data: { content: randomBytes(Math.ceil((size * 3) / 4)).toString('base64') } }
}

const methods: Readonly<Record<string, KubeRequest['method']>> = {
  get: 'GET',
  list: 'GET',
  create: 'POST',
  patch: 'PATCH',
}

function copyOf(
  { side, verb, resource, name, requestURI, requestObject }: SidedRequest,
  pair: Pair,
  { sizes }: { sizes: SecretSizes },
  namespace: string,
): KubeRequest {
  const method = methods[verb]
  if (method === undefined) throw new Error(`a join does not ${verb} anything`)
  const own = pair[side].namespace
  const path = requestURI.replace(`/namespaces/${own}/`, `/namespaces/${namespace}/`)
  const request = { subject: { verb, resource, objectName: name }, method, path }
  if (method === 'GET') return request
  const isApply = requestURI.includes('force=true')
  const contentType = isApply
    ? 'application/apply-patch+yaml'
    : method === 'PATCH'
      ? 'application/merge-patch+json'
      : 'application/json'
  const body =
    resource === 'secrets'
      ? { apiVersion: 'v1', kind: 'Secret', ...standIn(namespace, name, sizes) }
      : moved(requestObject, own, namespace)
  return { ...request, body, contentType }
}

/** The object as it was sent, for another namespace and bound to no version. */
function moved(object: unknown, from: string, to: string): object {
  const text = JSON.stringify(object, (key, value: unknown) => {
    if (key === 'resourceVersion') return undefined
    return key === 'namespace' && value === from ? to : value
  })
  return JSON.parse(text) as object
}

async function send(pair: Pair, side: SidedRequest['side'], request: KubeRequest): Promise<void> {
  try {
    await pair[side].transport.request(request)
  } catch (error) {
    // To look for what is not there, even for a kind, is part of a join.
    if (!(error instanceof KubeApiError && error.status === 404)) throw error
  }
}
