/** A primary whose API server is away when it starts, or falls silent before it stops. */
import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import { installDefinitions, installPrimary, usualPrimary } from '../../tools/installation.ts'
import { type RoleProcess, startRole } from '../../tools/role-process.ts'
import { read } from '../support/api-objects.ts'
import { createJoiner } from '../support/joiner.ts'
import { type KubeRelay, startKubeRelay } from '../support/kube-relay.ts'
import { kubectl, plain } from '../support/kubectl.ts'
import { bootstrapOf, tokenSecretOf } from '../support/manifests.ts'
import { samplesOf, total } from '../support/scrape.ts'
import { until } from '../support/until.ts'

/** Well within the 30 s that a pod has after its sleep. Milliseconds. */
const limitOfStop = 20_000

describe('a primary whose API server', { timeout: 180_000 }, () => {
  let controlPlane: ControlPlane

  before(async () => {
    controlPlane = await startControlPlane({ name: 'away' })
    await installDefinitions(controlPlane)
    await kubectl(controlPlane, ['create', 'namespace', usualPrimary.namespace])
    await installPrimary(controlPlane)
  })

  after(async () => controlPlane.stop())

  /** A process that reaches its API server by way of a relay. */
  async function start(context: TestContext, relay: KubeRelay) {
    const [listen, admin] = [await freePort(), await freePort()]
    const endpoint = `http://127.0.0.1:${listen}`
    const role = startRole('primary', {
      kubeconfig: relay.kubeconfig,
      namespace: usualPrimary.namespace,
      'identity-namespace': usualPrimary.home,
      identity: `replica-${listen}`,
      listen: endpoint,
      'admin-listen': `127.0.0.1:${admin}`,
    })
    context.after(async () => role.kill())
    return { role, endpoint, probe: async (path: string) => fetch(`http://127.0.0.1:${admin}${path}`) }
  }

  async function stopped(role: RoleProcess): Promise<void> {
    const startedAt = performance.now()
    assert.equal(await role.stop(), 0, role.output().slice(-2000))
    const took = performance.now() - startedAt
    assert.ok(took < limitOfStop, `it has taken ${took} ms`)
  }

  it('is away waits for it, alive and not ready, and serves as soon as it is there', async (context) => {
    const relay = await startKubeRelay(context, controlPlane)
    relay.treat('reset')
    const { role, probe } = await start(context, relay)
    await role.logged('it waits', ({ msg }) => msg === 'waiting for the API server')
    assert.equal((await probe('/livez')).status, 200)
    const readiness = await probe('/readyz')
    assert.deepEqual([readiness.status, await readiness.text()], [503, 'the API server has not answered yet\n'])
    relay.treat('pass')
    await until('it is ready', async () => (await probe('/readyz')).ok)
    await stopped(role)
  })

  it('is away ends at once when it is told to', async (context) => {
    const relay = await startKubeRelay(context, controlPlane)
    relay.treat('ignore')
    const { role, probe } = await start(context, relay)
    await until('it lives', async () => (await probe('/livez')).ok)
    await stopped(role)
  })

  it('falls silent ends within its time all the same, with joins in work and Events to be written', async (context) => {
    const relay = await startKubeRelay(context, controlPlane)
    const { role, endpoint, probe } = await start(context, relay)
    await role.logged('it leads', ({ msg }) => msg === 'became leader')
    const bootstrap = JSON.stringify(bootstrapOf({ name: 'primary-cluster-1', url: endpoint }, []))
    await kubectl(controlPlane, ['create', '-n', usualPrimary.namespace, '-f', '-'], bootstrap)
    const secret = JSON.stringify(tokenSecretOf('token', {}))
    await kubectl(controlPlane, ['create', '-n', usualPrimary.namespace, '-f', '-'], secret)
    const { token = '' } = await until('the token is there', async () => {
      const filled = await read<Secret>(controlPlane, usualPrimary.namespace, 'secret', 'token')
      return filled?.data?.['token'] === undefined ? undefined : plain(filled)
    })
    const member = createJoiner()
    await member.join({ endpoint, token })
    assert.equal(await member.confirm(), 'ok')

    relay.treat('ignore')
    relay.silence()
    const late = createJoiner().ask({ endpoint, token })
    const answer = assert.rejects(late, { code: /^(Busy|ConnectRefused)$/ })
    await until('it has its challenge, and its join is under way', async () => {
      const samples = samplesOf(await (await probe('/metrics')).text())
      return total(samples, 'conjoin_http_responses_total', /route="challenge"/) === 2
    })
    await stopped(role)
    await answer
    await assert.rejects(probe('/livez'))
  })
})
