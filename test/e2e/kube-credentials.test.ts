import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { configMapKind, namespaceKind } from '../../src/kube/objects.ts'
import { connect, type KubeTransport } from '../../src/kube/transport.ts'
import { createSelfSignedCertificate } from '../../src/primary/server/certificate.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { clientWith, failureOf } from '../support/kube-clients.ts'
import { follow, untilHolds } from '../support/kube-follower.ts'
import { kubeconfigBy, listen } from '../support/kube-relay.ts'
import { startKubeTlsRelay } from '../support/kube-tls-relay.ts'
import { kubectl } from '../support/kubectl.ts'
import { createManualClock } from '../support/manual-clock.ts'

const namespace = 'kube-credentials'
const kubeSystem = { name: 'kube-system' }

async function servingCertificate() {
  return createSelfSignedCertificate({ hosts: ['127.0.0.1'], days: 1, now: Date.now() })
}

describe('what a client is configured with, on a real API server', { timeout: 120_000 }, () => {
  let controlPlane: BorrowedControlPlane
  let transport: KubeTransport
  let admin: KubeClient

  before(async () => {
    controlPlane = await borrowControlPlane('primary')
    await kubectl(controlPlane, ['create', 'namespace', namespace])
    transport = await connect({ kubeconfig: controlPlane.kubeconfig, userAgent: 'kube-credentials-test' })
    admin = createClient(transport)
  })
  after(async () => {
    await transport.close()
    await controlPlane.stop()
  })

  /** A service account without rights: its token, and its kubeconfig with something in the token's place. */
  async function account(name: string) {
    const text = await readFile(await controlPlane.serviceAccountKubeconfig(namespace, name), 'utf8')
    const token = /token: (\S+)/.exec(text)?.[1]
    assert.ok(token !== undefined)
    return { token, kubeconfigWith: (credential: string) => text.replace(`token: ${token}`, credential) }
  }

  /** Whom the server has recognised, as it says when it refuses. */
  async function recognised(client: KubeClient): Promise<string> {
    const { message } = await failureOf(client.list(configMapKind, { namespace }))
    return /serviceaccount:kube-credentials:(\S+)"/.exec(message)?.[1] ?? message
  }

  it('takes a new certificate authority from its file, for requests and watches, without a restart', async (context) => {
    const [first, second] = [await servingCertificate(), await servingCertificate()]
    const relay = await startKubeTlsRelay(context, controlPlane, { certificate: first })
    const authorityFile = path.join(controlPlane.dir, 'authority.crt')
    await writeFile(authorityFile, first.certificatePem)
    const byFile = { 'certificate-authority': authorityFile, 'certificate-authority-data': undefined }
    const client = await clientWith(context, await kubeconfigBy(controlPlane, relay.port, byFile))
    const clock = createManualClock()
    const { informer, line } = await follow(context, admin, 'authority', { client, clock })
    const put = async (name: string) => {
      await admin.create(configMapKind, { metadata: { namespace: 'authority', name } })
    }
    await put('a')
    await untilHolds(informer, () => informer.list().length === 1)

    relay.present(second)
    await line(({ message }) => message === 'watch interrupted')
    assert.equal((await failureOf(client.get(namespaceKind, kubeSystem))).reason, 'DEPTH_ZERO_SELF_SIGNED_CERT')
    await writeFile(authorityFile, second.certificatePem)
    assert.equal((await client.get(namespaceKind, kubeSystem))?.metadata.uid, controlPlane.kubeSystemUid)
    await put('b')
    await clock.advance(800)
    await untilHolds(informer, () => informer.list().length === 2)
  })

  it('uses a token that was rotated on disk for the very next request', async (context) => {
    const [before, after] = [await account('before'), await account('after')]
    const tokenFile = path.join(controlPlane.dir, 'rotated-token')
    const kubeconfig = path.join(controlPlane.dir, 'rotated.kubeconfig')
    await writeFile(kubeconfig, before.kubeconfigWith('tokenFile: rotated-token'))
    await writeFile(tokenFile, before.token)
    const client = await clientWith(context, kubeconfig)
    assert.equal(await recognised(client), 'before')
    await writeFile(tokenFile, `${after.token}\n`)
    assert.equal(await recognised(client), 'after')
  })

  it('reads its kubeconfig anew after a refusal of the token in it', async (context) => {
    const { token, kubeconfigWith } = await account('renewed')
    const kubeconfig = path.join(controlPlane.dir, 'renewed.kubeconfig')
    await writeFile(kubeconfig, kubeconfigWith('token: expired'))
    const client = await clientWith(context, kubeconfig)
    await writeFile(kubeconfig, kubeconfigWith(`token: ${token}`))
    assert.equal((await failureOf(client.list(configMapKind, { namespace }))).status, 401)
    assert.equal(await recognised(client), 'renewed')
  })

  it('asks an exec plugin for the token', async (context) => {
    const { token, kubeconfigWith } = await account('by-plugin')
    const credential = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }
    const plugin = { apiVersion: credential.apiVersion, command: 'echo', args: [JSON.stringify(credential)] }
    const kubeconfig = path.join(controlPlane.dir, 'exec.kubeconfig')
    await writeFile(kubeconfig, kubeconfigWith(`exec: ${JSON.stringify(plugin)}`))
    assert.equal(await recognised(await clientWith(context, kubeconfig)), 'by-plugin')
  })

  it('goes through the proxy that the kubeconfig names', async (context) => {
    const tunnels: string[] = []
    const proxy = createServer()
    proxy.on('connect', (request, incoming: Socket) => {
      tunnels.push(request.url ?? '')
      const outgoing = connectTcp({ host: '127.0.0.1', port: Number(new URL(controlPlane.url).port) })
      incoming.write('HTTP/1.1 200 OK\r\n\r\n')
      incoming.on('error', () => outgoing.destroy())
      outgoing.on('error', () => incoming.destroy())
      incoming.pipe(outgoing).pipe(incoming)
    })
    const port = await listen(context, proxy)
    const byProxy = { server: controlPlane.url, 'proxy-url': `http://127.0.0.1:${port}` }
    const proxied = await clientWith(context, await kubeconfigBy(controlPlane, port, byProxy))
    assert.equal((await proxied.get(namespaceKind, kubeSystem))?.metadata.uid, controlPlane.kubeSystemUid)
    assert.deepEqual(tunnels, [new URL(controlPlane.url).host])
  })

  it('says which context is missing, and that there is no server outside a pod', async () => {
    const { kubeconfig } = controlPlane
    await assert.rejects(
      connect({ kubeconfig, context: 'other', userAgent: 'x' }),
      /the kubeconfig has no context other/,
    )
    await assert.rejects(connect({ userAgent: 'x' }), /not running in a pod/)
  })
})
