/**
 * The manifests of docs/gitops, applied again and again beside running operators, by both ways of `kubectl apply`: what
 * git says and what the operators fill in do not fight.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import type { KubeObject, Secret } from '../../src/kube/objects.ts'
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { kubectl, plain } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { handled } from '../support/role-reports.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const folder = join(import.meta.dirname, '../../docs/gitops')
/** Not for kubectl: another operator reads it. */
const externalSecret = 'mc-join.yaml'
const sides = ['primary', 'secondary'] as const
type Side = (typeof sides)[number]

/** What the External Secrets Operator is told to make. */
interface ExternalSecret {
  readonly spec: {
    readonly target: { readonly name: string }
    readonly data: readonly { readonly secretKey: string }[]
  }
}

const ways = { client: [], server: ['--server-side'] } as const

describe('the manifests of docs/gitops', { concurrency: true }, () => {
  let pair: Pair

  before(async () => {
    pair = await startPair()
  })

  after(async () => pair.stop())

  for (const [way, flags] of Object.entries(ways))
    it(`let a cluster join, are unchanged when applied again, and can be changed: ${way}-side apply`, async () => {
      const scene = await pair.scene(way)
      const operators = { primary: await scene.startPrimary(), secondary: await scene.startSecondary() }
      for (const side of sides) await apply(scene, side, flags)
      await deliverToken(scene)
      await scene.untilStatus('joined')
      const filled = await until('the operators have written all that they write', async () => settled(scene))

      const marks = await Promise.all(sides.map(async (side) => pair[side].auditLog.mark()))
      for (const side of sides) {
        await assertNoDifference(scene, side, flags)
        const said = await apply(scene, side, flags)
        if (way === 'client') assert.match(said, /^(\S+ unchanged\n?)+$/)
      }
      assert.deepEqual(await stored(scene), filled)
      await fence(scene, operators)
      assert.deepEqual(await writesOfOperators(scene, marks), [])

      const changed = manifest(scene, 'primary', 'bootstrap.yaml').replace(
        /east:\n +name: east/,
        'west:\n      name: west',
      )
      await kubectl(pair.primary, ['apply', ...flags, '-f', '-'], changed)
      await until('what git adds is there', async () => scene.cluster('west'))
      assert.equal(
        (await scene.cluster('east'))?.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
        'True',
      )
    })

  async function apply(scene: Scene, side: Side, flags: readonly string[]): Promise<string> {
    return kubectl(pair[side], ['apply', ...flags, '-f', '-'], allManifests(scene, side))
  }

  async function assertNoDifference(scene: Scene, side: Side, flags: readonly string[]): Promise<void> {
    const input = allManifests(scene, side)
    const { exitCode, stdout, stderr } = await pair[side].kubectl(['diff', ...flags, '-f', '-'], { input })
    assert.equal(exitCode, 0, `kubectl diff on the ${side}: ${stdout}${stderr}`)
  }

  /** What the operators have written since, leases, Events and what replicas tell each other left aside. */
  async function writesOfOperators(scene: Scene, marks: readonly number[]): Promise<readonly AuditEvent[]> {
    const namespaces = { primary: scene.place.home, secondary: scene.namespace }
    const writes = await Promise.all(
      sides.map(async (side, index) => {
        const user = `system:serviceaccount:${namespaces[side]}:conjoin-${side}`
        return pair[side].auditLog.writesSince(marks[index] ?? 0, { user })
      }),
    )
    return writes.flat().filter(({ resource, namespace }) => {
      const isTalk = resource === 'configmaps' && namespace === scene.place.home
      return resource !== 'leases' && resource !== 'events' && !isTalk
    })
  }
})

/** As in git, but for the names that a scene has of its own. */
function manifest(scene: Scene, side: Side, name: string): string {
  return readFileSync(join(folder, side, name), 'utf8')
    .replaceAll(/\bkasten-io-mc\b/g, scene.place.namespace)
    .replaceAll(/\bkasten-io$/gm, scene.namespace)
    .replaceAll('https://primary.example.com', scene.endpoint)
}

function allManifests(scene: Scene, side: Side): string {
  const names = readdirSync(join(folder, side)).filter((name) => name !== externalSecret)
  return names
    .toSorted()
    .map((name) => manifest(scene, side, name))
    .join('---\n')
}

/** Does what the External Secrets Operator does with its manifest, once somebody has put the token into the store. */
async function deliverToken(scene: Scene): Promise<void> {
  const { spec } = parse(manifest(scene, 'secondary', externalSecret)) as ExternalSecret
  const token = await until('the token is issued', async () => {
    const secret = await scene.readOnPrimary<Secret>('secret', 'join-token-east')
    return secret === undefined ? undefined : plain(secret)['token']
  })
  assert.equal(spec.target.name, 'mc-join')
  await scene.mcJoin(Object.fromEntries(spec.data.map(({ secretKey }) => [secretKey, token])))
}

/** Everything that git and the operators write together, once a member is known everywhere. */
async function settled(scene: Scene): Promise<readonly (KubeObject | undefined)[] | undefined> {
  const bootstrap = await scene.readBootstrap('bootstrap-primary')
  const token = await scene.readOnPrimary<Secret>('secret', 'join-token-east')
  const isKnown = bootstrap?.status?.clusters?.length === 2 && bootstrap.status.clusters.every(({ ready }) => ready)
  const isCounted = token?.metadata.annotations?.['dist.kio.kasten.io/uses'] === '1'
  return isKnown && isCounted ? stored(scene) : undefined
}

/** These objects as they are, with their versions: equal means that nobody has written them. */
async function stored(scene: Scene): Promise<readonly (KubeObject | undefined)[]> {
  const objects = await Promise.all([
    scene.readBootstrap('bootstrap-primary'),
    scene.readOnPrimary<Secret>('secret', 'join-token-east'),
    scene.readOnSecondary('configmap', 'mc-join-config'),
    scene.readOnSecondary('secret', 'mc-join'),
    scene.readOnSecondary('secret', 'mc-join-status'),
    ...['primary-1', 'east'].map(async (name) => scene.cluster(name)),
  ])
  assert.ok(objects.every((object) => object !== undefined))
  return objects
}

/** Both operators have handled a change that is later than all that was applied. */
async function fence(scene: Scene, { primary, secondary }: Readonly<Record<Side, RoleProcess>>): Promise<void> {
  const note = 'example.com/fence=1'
  await scene.onPrimary(['annotate', 'bootstraps.dist.kio.kasten.io/bootstrap-primary', 'secret/join-token-east', note])
  await handled(primary, 'bootstrap', await scene.readBootstrap('bootstrap-primary'))
  await handled(primary, 'join-token', await scene.readOnPrimary('secret', 'join-token-east'))
  await scene.onSecondary(['annotate', 'secret/mc-join', note])
  await handled(secondary, 'join', await scene.readOnSecondary('secret', 'mc-join'))
}
