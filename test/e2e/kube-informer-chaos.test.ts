import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { configMapKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { clientWith } from '../support/kube-clients.ts'
import { type Etcd, etcdOf } from '../support/kube-etcd.ts'
import { follow } from '../support/kube-follower.ts'
import { type KubeRelay, startKubeRelay } from '../support/kube-relay.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { until } from '../support/until.ts'

const fieldManager = 'test'

type Step =
  | { readonly kind: 'write' | 'delete'; readonly name: string }
  /** What befalls the watch, or the database. */
  | { readonly kind: 'cut' | 'silence' | 'refuse' | 'admit' | 'compact' }
  | { readonly kind: 'pass'; readonly ms: number }

// Few enough that some are made again, and so many that a later change does not hide that one was missed.
const name = fc.nat(9).map((number) => `object-${number}`)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('write', 'delete'), name }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('cut', 'silence') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('refuse', 'admit', 'compact') }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(0, 800, 30_000, 630_000) }) },
)

describe('an informer whose watch is disturbed at any moment', { timeout: 180_000 }, () => {
  let controlPlane: ControlPlane
  let etcd: Etcd
  let transport: KubeTransport
  let client: KubeClient

  before(async () => {
    controlPlane = await startControlPlane({ name: 'kube-chaos', apiServerFlags: ['--watch-cache=false'] })
    etcd = etcdOf(controlPlane)
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-chaos-test' })
    client = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  /** An informer whose watches go through a relay, and what its listener believes. */
  async function disturbed(context: TestContext, namespace: string) {
    const relay = await startKubeRelay(context, controlPlane)
    const relayed = await clientWith(context, relay.kubeconfig)
    const clock = createManualClock()
    const by: Pick<KubeClient, 'list' | 'watch'> = {
      list: async (kind, options) => client.list(kind, options),
      watch: async (kind, options) => relayed.watch(kind, options),
    }
    const { informer, lines } = await follow(context, client, namespace, { client: by, clock })
    const believed = new Map<string, string>()
    const contradictions: string[] = []
    informer.onChange((change) => {
      const { uid = '', name: object } = change.object.metadata
      const known = believed.get(object)
      // Told of a successor, a listener must first have heard of the end of its predecessor.
      const fits = change.type === 'added' ? known === undefined : known === uid
      if (!fits) contradictions.push(`${change.type} ${object}`)
      if (change.type === 'deleted') believed.delete(object)
      else believed.set(object, uid)
    })
    return { relay, clock, informer, lines, believed, contradictions }
  }

  async function perform(
    action: Step,
    namespace: string,
    { relay, pass }: { relay: KubeRelay; pass: (ms: number) => Promise<void> },
  ) {
    switch (action.kind) {
      case 'write': {
        const object = { metadata: { namespace, name: action.name }, data: { at: String(performance.now()) } }
        await client.apply(configMapKind, object, { fieldManager })
        return
      }
      case 'delete':
        await client.delete(configMapKind, { namespace, name: action.name })
        return
      case 'cut':
        return relay.cut()
      case 'silence':
        return relay.silence()
      case 'refuse':
        return relay.treat('reset')
      case 'admit':
        return relay.treat('pass')
      case 'compact':
        return etcd.compact()
      case 'pass':
        return pass(action.ms)
    }
  }

  it('ends with the true state, and has told its listener a story without contradictions', async (context) => {
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
        runs += 1
        const namespace = `chaos-${runs}`
        const { relay, clock, informer, lines, believed, contradictions } = await disturbed(context, namespace)
        for (const each of steps) await perform(each, namespace, { relay, pass: async (ms) => clock.advance(ms) })
        relay.treat('pass')
        const { items } = await client.list(configMapKind, { namespace })
        const versions = (objects: typeof items) =>
          objects.map(({ metadata }) => `${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`).toSorted()
        await until('the informer knows what the server knows', async () => {
          await clock.advance(60_000)
          return versions(informer.list()).join() === versions(items).join()
        })
        assert.deepEqual(contradictions, [])
        const identities = new Map(items.map(({ metadata }) => [metadata.name, metadata.uid]))
        assert.deepEqual(believed, identities)
        assert.deepEqual(
          lines.filter(({ level }) => level === 'error'),
          [],
        )
      }),
      // A failure takes a minute to be one, so none is made smaller.
      { numRuns: 25, endOnFailure: true },
    )
  })
})
