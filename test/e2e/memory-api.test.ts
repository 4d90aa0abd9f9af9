/**
 * The API server in memory tells the truth: the same random requests go to it and to a real one, and whatever a client can
 * see of the outcome is the same.
 */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { clusterKind } from '../../src/api/cluster.ts'
import { clusterInfoFinalizer } from '../../src/api/group.ts'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { KubeApiError } from '../../src/kube/errors.ts'
import { configMapKind, type Kind, type KubeObject, leaseKind, secretKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { installDefinitions } from '../../tools/installation.ts'
import { primaryKinds } from '../model/world/kinds.ts'
import { type Chance, createChance, uuidOf } from '../model/world/random.ts'
import { kubectl } from '../support/kubectl.ts'
import { createMemoryApiServer } from '../support/memory-api/server.ts'
import { memoryTransport } from '../support/memory-api/transport.ts'

const namespace = 'memory-api'
/** So many requests to each server, in lives of objects of their own. */
const lives = 60
const requestsInALife = 12

/** What one client sees of one request. */
type Seen = { readonly failed: string } | { readonly gave: unknown }

/** A request that two servers can be asked alike: versions and uids are those that each of them gave. */
type Ask = (client: KubeClient, known: Known) => Promise<unknown>
interface Known {
  readonly kind: Kind
  readonly name: string
  /** The object as this client saw it first and last. */
  first: KubeObject | undefined
  last: KubeObject | undefined
}

describe('the API server in memory', { timeout: 120_000 }, () => {
  let controlPlane: BorrowedControlPlane
  let transport: KubeTransport
  let real: KubeClient
  const chance = createChance(20_300_105)
  const memory = createClient(
    memoryTransport(
      createMemoryApiServer({ kinds: primaryKinds, now: () => Date.now(), newUid: () => uuidOf(chance) }),
    ),
  )

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    await installDefinitions(controlPlane)
    await kubectl(controlPlane, ['create', 'namespace', namespace])
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'memory-api-test' })
    real = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  for (const kind of [secretKind, configMapKind, leaseKind, clusterKind] as const)
    it(`answers like a real one what is asked of ${kind.plural}`, async () => {
      const outcomes = new Set<string>()
      for (let life = 0; life < lives; life += 1) {
        const there: Known = { kind, name: `${kind.plural}-${life}`, first: undefined, last: undefined }
        const here: Known = { ...there }
        const asked: string[] = []
        for (let request = 0; request < requestsInALife; request += 1) {
          const [said, ask] = askOf(kind, chance)
          asked.push(said)
          const [a, b] = [await see(real, there, ask), await see(memory, here, ask)]
          assert.deepEqual(b, a, `after ${asked.join(', ')}`)
          outcomes.add('failed' in a ? `${said}: ${a.failed}` : said)
        }
      }
      assert.ok(outcomes.size > 10, `too little has happened: ${[...outcomes].join(', ')}`)
    })
})

async function see(client: KubeClient, known: Known, ask: Ask): Promise<Seen> {
  try {
    const gave = await ask(client, known)
    const object = await client.get(known.kind, { namespace, name: known.name })
    const isSame = object?.metadata.resourceVersion === known.last?.metadata.resourceVersion
    known.first ??= object
    known.last = object
    return { gave: [typeof gave === 'object' ? withoutNoise(gave as KubeObject) : gave, withoutNoise(object), isSame] }
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error
    return { failed: `${error.status} ${error.reason}` }
  }
}

/** Without what is each server's own: ids, versions, times, and who manages what. */
function withoutNoise(object: KubeObject | undefined): unknown {
  if (object === undefined) return undefined
  const noise: ReadonlySet<string> = new Set(['managedFields', 'uid', 'resourceVersion', 'creationTimestamp'])
  const { deletionTimestamp, ...meta } = object.metadata
  const metadata = Object.fromEntries(Object.entries(meta).filter(([name]) => !noise.has(name)))
  return { ...object, metadata: { ...metadata, isLeaving: deletionTimestamp !== undefined } }
}

function askOf(kind: Kind, chance: Chance): readonly [string, Ask] {
  const manager = chance.pick(['one', 'two'])
  const content = contentOf(kind, chance)
  const isBound = chance.happens(0.5)
  const meta = ({ name }: Known, bound: Partial<KubeObject['metadata']> = {}) => ({ namespace, name, ...bound })
  const version = (known: Known, seen: KubeObject | undefined) =>
    isBound && seen?.metadata.resourceVersion !== undefined ? { resourceVersion: seen.metadata.resourceVersion } : {}
  const isStale = chance.happens(0.3)
  const seenBy = (known: Known) => (isStale ? known.first : known.last)
  const write = { fieldManager: manager }
  switch (
    chance.pick([
      'create',
      'create',
      'apply',
      'apply',
      'force',
      'patch',
      'patch',
      'replace',
      'delete',
      'hold',
      'release',
    ])
  ) {
    case 'create':
      return ['create', async (client, known) => client.create(kind, { ...content, metadata: meta(known) }, write)]
    case 'force':
    case 'apply': {
      const force = chance.happens(0.5)
      const uid = (known: Known) =>
        isBound && seenBy(known)?.metadata.uid !== undefined ? { uid: seenBy(known)?.metadata.uid ?? '' } : {}
      if (kind === clusterKind) return ['get', async (client, known) => client.get(kind, meta(known))]
      const labels = chance.happens(0.5) ? { labels: { by: manager } } : {}
      return [
        `apply by ${manager}${force ? ' with force' : ''}`,
        async (client, known) =>
          client.apply(kind, { ...content, metadata: { ...meta(known, uid(known)), ...labels } }, { ...write, force }),
      ]
    }
    case 'patch': {
      const isStatus = kind === clusterKind && chance.happens(0.5)
      const subresource = isStatus ? { subresource: 'status' as const } : {}
      const change: { metadata?: object } = isStatus ? statusOf(chance) : changeOf(kind, chance)
      return [
        `patch ${JSON.stringify(change)}`,
        async (client, known) => {
          const metadata = { ...change.metadata, ...version(known, seenBy(known)) }
          return client.mergePatch(kind, meta(known), { ...change, metadata }, { ...write, ...subresource })
        },
      ]
    }
    case 'replace':
      return [
        'replace',
        async (client, known) => {
          const seen = seenBy(known)
          if (seen === undefined) return undefined
          return client.replace(kind, { ...seen, ...content, metadata: seen.metadata }, write)
        },
      ]
    case 'delete':
      return [
        'delete',
        async (client, known) => {
          const { uid, resourceVersion } = seenBy(known)?.metadata ?? {}
          return client.delete(kind, meta(known), isBound ? { uid, ...(isStale ? { resourceVersion } : {}) } : {})
        },
      ]
    case 'hold':
    case 'release': {
      const finalizers = chance.happens(0.5) ? [clusterInfoFinalizer] : []
      return [
        `finalizers ${finalizers.length}`,
        async (client, known) => client.mergePatch(kind, meta(known), { metadata: { finalizers } }, write),
      ]
    }
    default:
      throw new Error('no such request')
  }
}

function contentOf(kind: Kind, chance: Chance): object {
  const value = chance.pick(['MQ==', 'Mg=='])
  if (kind === leaseKind) return { spec: { holderIdentity: chance.pick(['a', 'b']) } }
  if (kind === clusterKind)
    return { spec: { primary: false, k10: { namespace: chance.pick(['a', 'b']), releaseName: 'k10' } } }
  const data = { [chance.pick(['x', 'y'])]: value }
  return kind === secretKind ? { type: 'Opaque', data } : { data }
}

function changeOf(kind: Kind, chance: Chance): object {
  if (chance.happens(0.3)) return { metadata: { annotations: { note: chance.pick(['1', null]) } } }
  if (kind === leaseKind) return { spec: { leaseDurationSeconds: chance.pick([1, null]) } }
  if (kind === clusterKind) return { spec: { approved: chance.pick([true, null]) } }
  return { data: { [chance.pick(['x', 'y'])]: chance.pick(['MQ==', null]) } }
}

function statusOf(chance: Chance): object {
  return { status: { id: chance.pick(['a', 'b']) } }
}
