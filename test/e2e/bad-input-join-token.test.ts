/** A join-token Secret that asks for nonsense: nothing is issued, and its annotation and an Event name the fault. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { installDefinitions } from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Plain, plain } from '../support/kubectl.ts'
import { handled } from '../support/role-reports.ts'
import { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const prefix = 'dist.kio.kasten.io/'

interface Case {
  /** Annotations without our prefix. */
  readonly asks: Plain
  /** What `token-error` says, with `~` for our prefix. */
  readonly says: string
  /** Other annotations, with which the token is issued; `null` removes one. */
  readonly corrected: Readonly<Record<string, string | null>>
}

const durations = 'is not a duration such as 30s, 15m, 24h, 7d or 1h30m'
const times = 'is not an RFC 3339 time such as 2030-01-31T12:00:00Z'
const uses = 'is not a whole number from 1 to 500'
const names = 'is not an RFC 1123 subdomain of at most 63 characters'
const later = '2100-01-31T12:00:00Z'

const cases: Readonly<Record<string, Case>> = {
  'lifetime-of-words': {
    asks: { 'expires-in': 'two weeks' },
    says: `~expires-in ${durations}`,
    corrected: { 'expires-in': '14d' },
  },
  'lifetime-of-nothing': {
    asks: { 'expires-in': '0s' },
    says: '~expires-in is no time at all',
    corrected: { 'expires-in': '1h30m' },
  },
  'end-of-words': {
    asks: { 'expires-at': 'tomorrow' },
    says: `~expires-at ${times}`,
    corrected: { 'expires-at': later },
  },
  'end-in-the-past': {
    asks: { 'expires-at': '2020-01-31T12:00:00Z' },
    says: '~expires-at lies in the past',
    corrected: { 'expires-at': later },
  },
  'two-ends': {
    asks: { 'expires-in': '1h', 'expires-at': later },
    says: '~expires-in is set together with ~expires-at; keep one of them',
    corrected: { 'expires-in': null },
  },
  'no-uses': {
    asks: { 'max-uses': '0' },
    says: `~max-uses ${uses}`,
    corrected: { 'max-uses': '1' },
  },
  'too-many-uses': {
    asks: { 'max-uses': '501' },
    says: `~max-uses ${uses}`,
    corrected: { 'max-uses': '500' },
  },
  'uses-of-words': {
    asks: { 'max-uses': 'unlimited' },
    says: `~max-uses ${uses}`,
    corrected: { 'max-uses': null },
  },
  'name-with-capitals': {
    asks: { 'cluster-name': 'East_1' },
    says: `~cluster-name ${names}`,
    corrected: { 'cluster-name': 'east-1' },
  },
  'name-too-long': {
    asks: { 'cluster-name': 'e'.repeat(64) },
    says: `~cluster-name ${names}`,
    corrected: { 'cluster-name': 'e'.repeat(63) },
  },
  'uid-of-words': {
    asks: { 'bound-uid': 'the-east-cluster' },
    says: "~bound-uid is not a UID; kubectl get namespace kube-system -o jsonpath='{.metadata.uid}' prints that of the joining cluster",
    corrected: { 'bound-uid': '6f1b0a3c-1d2e-4f50-8a9b-0c1d2e3f4a5b' },
  },
  'approval-of-words': {
    asks: { approval: 'yes please' },
    says: '~approval is not manual',
    corrected: { approval: null },
  },
  'redact-of-words': {
    asks: { redact: 'sometimes' },
    says: '~redact is not now or after-first-use',
    corrected: { redact: null },
  },
  'blanked-unread': {
    asks: { redact: 'now' },
    says: '~redact would blank the token before anybody can read it; set now once it is copied, or after-first-use',
    corrected: { redact: 'after-first-use' },
  },
  'labels-of-words': {
    asks: { 'cluster-labels': 'production' },
    says: '~cluster-labels is not a list of labels such as region=eu,tier=gold',
    corrected: { 'cluster-labels': null },
  },
  'reserved-label': {
    asks: { 'cluster-labels': 'region=eu,dist.kio.kasten.io/cluster-type=primary' },
    says: '~cluster-labels sets the reserved label ~cluster-type',
    corrected: { 'cluster-labels': null },
  },
  'many-faults': {
    asks: { 'expires-in': 'soon', 'max-uses': '-1', redact: 'no' },
    says: `~expires-in ${durations}; ~max-uses ${uses}; ~redact is not now or after-first-use`,
    corrected: { 'expires-in': '1h', 'max-uses': '1', redact: null },
  },
}

const foreignData = 'which conjoin did not write and does not overwrite; create the Secret without data'
const unfit: Readonly<Record<string, { given: object; says: string }>> = {
  'token-of-somebody': {
    given: { stringData: { token: 'my own' } },
    says: `data has token already, ${foreignData}`,
  },
  'filled-by-somebody': {
    given: { stringData: { endpoint: 'https://primary.example.com', token: 'my own' } },
    says: `data has endpoint and token already, ${foreignData}`,
  },
  immutable: {
    given: { immutable: true },
    says: 'the Secret is immutable and cannot be filled; create one without immutable: true',
  },
}

describe('a faulty join-token Secret', () => {
  let controlPlane: BorrowedControlPlane
  let scene: Scene
  let primary: RoleProcess

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    await installDefinitions(controlPlane)
    // Nobody joins here.
    scene = await Scene.set(controlPlane, controlPlane, 'bad-token', {})
    primary = await scene.startPrimary()
    await scene.bootstrap()
    await scene.untilReady('primary-cluster-1')
    await create([
      ...Object.entries(cases).map(([name, { asks }]) => joinToken(name, { annotations: prefixed(asks) })),
      ...Object.entries(unfit).map(([name, { given }]) => joinToken(name, {}, given)),
    ])
  })

  after(async () => {
    await scene.end()
    await controlPlane.stop()
  })

  for (const [name, { asks, says }] of Object.entries(cases))
    it(`is not filled where it asks for ${JSON.stringify(asks)}, and names the annotation and the fault`, async () => {
      const secret = await untilReported(name, says)
      assert.equal(secret.data, undefined)
      assert.equal(secret.metadata.annotations?.[`${prefix}token-id`], undefined)
    })

  for (const [name, { given, says }] of Object.entries(unfit))
    it(`is not touched where it comes with ${JSON.stringify(given)}, and says why`, async () => {
      const secret = await untilReported(name, says)
      assert.deepEqual(plain(secret), 'stringData' in given ? given.stringData : {})
      assert.equal(secret.metadata.annotations?.[`${prefix}token-id`], undefined)
    })

  it('is filled as soon as it is corrected, and says nothing any more', async () => {
    for (const [name, { corrected }] of Object.entries(cases)) {
      const changes = Object.entries(corrected).map(([key, value]) =>
        value === null ? `${prefix}${key}-` : `${prefix}${key}=${value}`,
      )
      await scene.onPrimary(['annotate', '--overwrite', 'secret', name, ...changes])
    }
    await until('all are filled', async () => {
      const filled = (await secrets()).filter(
        ({ data, metadata }) =>
          data?.['token'] !== undefined && metadata.annotations?.[`${prefix}token-error`] === undefined,
      )
      return Object.keys(cases).every((name) => filled.some(({ metadata }) => metadata.name === name))
    })
  })

  /** The Secret with this error, after the operator has looked at it once more and left it so. */
  async function untilReported(name: string, says: string): Promise<Secret> {
    const message = says.replaceAll('~', prefix)
    const secret = await until(`${name} says "${message}"`, async () => {
      const read = await scene.readOnPrimary<Secret>('secret', name)
      return read?.metadata.annotations?.[`${prefix}token-error`] === message ? read : undefined
    })
    await handled(primary, 'join-token', secret)
    const event = await until('an Event says the same', async () =>
      (await scene.eventsOnPrimary()).find(({ regarding, note }) => regarding.name === name && note === message),
    )
    assert.deepEqual([event.type, event.reason], ['Warning', 'TokenNotIssued'])
    const left = await scene.readOnPrimary<Secret>('secret', name)
    assert.equal(left?.metadata.resourceVersion, secret.metadata.resourceVersion)
    return secret
  }

  async function create(items: readonly object[]): Promise<void> {
    await scene.onPrimary(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  }

  async function secrets(): Promise<readonly Secret[]> {
    const text = await scene.onPrimary(['get', 'secrets', '-o', 'json'])
    return (JSON.parse(text) as { items: Secret[] }).items
  }
})

function joinToken(name: string, metadata: object, given: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...metadata },
    type: 'dist.kio.kasten.io/join-token',
    ...given,
  }
}

function prefixed(annotations: Plain): Plain {
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [`${prefix}${key}`, value]))
}
