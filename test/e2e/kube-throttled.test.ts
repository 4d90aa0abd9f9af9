import assert from 'node:assert/strict'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { createController } from '../../src/kube/controller.ts'
import { KubeApiError } from '../../src/kube/errors.ts'
import { configMapKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { type Front, startFront } from '../support/front.ts'
import { follow, untilHolds } from '../support/kube-follower.ts'
import { kubeconfigBy } from '../support/kube-relay.ts'
import { kubectl } from '../support/kubectl.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { createRecordingLog } from '../unit/kube/recording-log.ts'

const namespace = 'kube-throttled'

/** What an API server says that has too much to do. */
function tooManyRequests(retryAfter: string) {
  const status = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'TooManyRequests', code: 429 }
  return { kind: 'answer', status: 429, headers: { 'retry-after': retryAfter }, body: JSON.stringify(status) } as const
}

describe('an API server that asks to be left alone for a while', { timeout: 120_000 }, () => {
  let controlPlane: BorrowedControlPlane
  let front: Front
  let transport: KubeTransport
  let client: KubeClient
  let adminTransport: KubeTransport
  let admin: KubeClient

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    await kubectl(controlPlane, ['create', 'namespace', namespace])
    const certificate = await createSelfSignedCertificate({ hosts: ['127.0.0.1'], days: 1, now: Date.now() })
    front = await startFront(() => controlPlane.url, certificate)
    const kubeconfig = await kubeconfigBy(controlPlane, Number(new URL(front.url).port), {
      'certificate-authority-data': Buffer.from(certificate.certificatePem).toString('base64'),
    })
    transport = await connect({ kubeconfig, userAgent: 'kube-throttled-test' })
    client = createClient(transport)
    adminTransport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-throttled-test' })
    admin = createClient(adminTransport)
  })
  after(async () => {
    await Promise.all([transport.close(), adminTransport.close()])
    await front.down()
    await controlPlane.stop()
  })

  /** A controller that puts a ConfigMap where its key says, on a clock that stands still. */
  function control(context: TestContext) {
    const clock = createManualClock()
    const { log, line } = createRecordingLog()
    const stop = new AbortController()
    const controller = createController({
      name: 'maps',
      workers: 1,
      async reconcile(key) {
        await client.create(configMapKind, { metadata: { namespace, name: key.name } })
        return { kind: 'done' }
      },
      clock,
      log,
    })
    const running = controller.run(stop.signal)
    context.after(async () => {
      stop.abort()
      await running
    })
    const untilLogged = async (message: string, name: string) =>
      line(({ message: logged, fields }) => logged === message && fields['object'] === `${namespace}/${name}`)
    return { clock, enqueue: (name: string) => controller.enqueue({ namespace, name }), untilLogged }
  }

  const exists = async (name: string) => (await client.get(configMapKind, { namespace, name })) !== undefined

  it('is asked once by the client, which hands the time on', async () => {
    front.behave(tooManyRequests('7'))
    const asked = front.paths.length
    await assert.rejects(
      client.get(configMapKind, { namespace, name: 'a' }),
      (error) => error instanceof KubeApiError && error.status === 429 && error.retryAfterMs === 7000,
    )
    assert.equal(front.paths.length, asked + 1)
  })

  it('is left alone by a controller for that time, for that key', async (context) => {
    const { clock, enqueue, untilLogged } = control(context)
    front.behave(tooManyRequests('7'))
    enqueue('throttled')
    await untilLogged('reconcile failed', 'throttled')
    front.behave({ kind: 'relay' })
    await clock.advance(6999)
    enqueue('other')
    await untilLogged('reconciled', 'other')
    assert.equal(await exists('throttled'), false)
    await clock.advance(1)
    await untilLogged('reconciled', 'throttled')
    assert.equal(await exists('throttled'), true)
  })

  it('is asked again after five minutes, even if it said a day', async (context) => {
    const { clock, enqueue, untilLogged } = control(context)
    front.behave(tooManyRequests('86400'))
    enqueue('a-day')
    await untilLogged('reconcile failed', 'a-day')
    front.behave({ kind: 'relay' })
    await clock.advance(300_000)
    await untilLogged('reconciled', 'a-day')
  })

  it('is left alone by an informer for that time, which then follows', async (context) => {
    const clock = createManualClock()
    const { log, line } = createRecordingLog()
    front.behave(tooManyRequests('20'))
    const following = follow(context, admin, 'throttled-list', { client, clock, log })
    await line(({ message }) => message === 'cannot follow the API server')
    const lists = () => front.paths.filter((path) => path.includes('throttled-list/configmaps')).length
    front.behave({ kind: 'relay' })
    await clock.advance(19_999)
    assert.equal(await exists('nothing'), false)
    assert.equal(lists(), 1)
    await clock.advance(1)
    const { informer } = await following
    await admin.create(configMapKind, { metadata: { namespace: 'throttled-list', name: 'a' } })
    await untilHolds(informer, () => informer.list().length === 1)
  })
})
