/** A user's own Secret under one of our names on a secondary: it is not touched, and the secondary says that it waits. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { KubeEvent, Secret } from '../../src/kube/objects.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { handled, readiness } from '../support/role-reports.ts'
import { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

const cases: readonly { what: string; name: string; given: object; says: string }[] = [
  {
    what: 'mc-join-status of another type',
    name: 'mc-join-status',
    given: { type: 'example.com/notes' },
    says: 'the Secret mc-join-status has the type example.com/notes instead of Opaque, so it is not touched; delete it',
  },
  {
    what: 'mc-join-status that is immutable',
    name: 'mc-join-status',
    given: { immutable: true },
    says: 'the Secret mc-join-status is immutable, so it cannot be used; delete it',
  },
  {
    what: 'mc-cluster-info of another type',
    name: 'mc-cluster-info',
    given: { type: 'example.com/notes' },
    says: 'the Secret mc-cluster-info has the type example.com/notes instead of Opaque, so it is not touched; delete it',
  },
  {
    what: 'mc-identity that is immutable',
    name: 'mc-identity',
    given: { immutable: true },
    says: 'the Secret mc-identity is immutable, so it cannot be used; delete it',
  },
]

describe("a user's own Secret", () => {
  let controlPlane: BorrowedControlPlane
  const scenes: Scene[] = []

  before(async () => {
    controlPlane = await borrowControlPlane('secondary')
  })

  after(async () => {
    await Promise.all(scenes.map((scene) => scene.end()))
    await controlPlane.stop()
  })

  for (const [index, { what, name, given, says }] of cases.entries())
    it(`${what} is left alone and named, until it is deleted`, async () => {
      // No primary runs here: a join that is refused at home shows as well who writes what.
      const scene = await Scene.set(controlPlane, controlPlane, `own-${index}`, {})
      scenes.push(scene)
      const secondary = await scene.startSecondary()
      await scene.onSecondary(['create', '-f', '-'], JSON.stringify(ownSecret(name, given)))
      const mark = await controlPlane.auditLog.mark()
      await scene.mcJoin({ endpoint: scene.endpoint, token: 'nonsense' })
      await handled(secondary, 'join', await scene.readOnSecondary('secret', 'mc-join'))

      assert.deepEqual(await readiness(secondary), { status: 503, text: says })
      const logged = secondary.lines().filter(({ msg }) => msg === 'a Secret stands in the way')
      assert.equal(logged.at(-1)?.['reason'], says)
      const event = await until('an Event says the same', async () =>
        (await eventsOf(scene)).find(({ regarding, note }) => regarding.name === name && note === says),
      )
      assert.deepEqual([event.type, event.reason], ['Warning', 'SecretNotOurs'])
      const user = `system:serviceaccount:${scene.namespace}:conjoin-secondary`
      const writes = await controlPlane.auditLog.writesSince(mark, { user })
      assert.deepEqual(
        writes.filter(({ resource }) => resource === 'secrets'),
        [],
      )
      assert.equal(plainNote(await scene.readOnSecondary<Secret>('secret', name)), 'mine')

      await scene.onSecondary(['delete', 'secret', name])
      await scene.untilStatus('Rejected', /^TokenMalformed: /)
      assert.deepEqual(await readiness(secondary), { status: 200, text: 'ok' })
    })
})

function ownSecret(name: string, given: object): object {
  return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: { note: 'mine' }, ...given }
}

async function eventsOf(scene: Scene): Promise<readonly KubeEvent[]> {
  const text = await scene.onSecondary(['get', 'events.events.k8s.io', '-o', 'json'])
  return (JSON.parse(text) as { items: KubeEvent[] }).items
}

function plainNote(secret: Secret | undefined): string {
  return Buffer.from(secret?.data?.['note'] ?? '', 'base64').toString()
}
