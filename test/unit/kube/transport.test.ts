/** What the way to the API server tells of each request. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { connect, type KubeRequest } from '../../../src/kube/transport.ts'

const subject = { verb: 'get', resource: 'secrets' }
const request: KubeRequest = { subject, method: 'GET', path: '/' }

/** A transport to this port, and what it tells. */
async function transportTo(context: TestContext, port: number) {
  const directory = await mkdtemp(join(tmpdir(), 'transport-'))
  context.after(async () => rm(directory, { recursive: true }))
  const kubeconfig = join(directory, 'kubeconfig')
  // Without this client-node sends nothing over plain HTTP.
  const cluster = { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true }
  const one = { name: 'only', cluster, context: { cluster: 'only' } }
  const config = { clusters: [one], contexts: [one], 'current-context': 'only' }
  await writeFile(kubeconfig, JSON.stringify(config))
  const told: string[] = []
  const metrics = {
    request: ({ verb, resource }: typeof subject) => {
      told.push(`${verb} ${resource} begins`)
      return (status: number) => told.push(`ends with ${status}`)
    },
  }
  const transport = await connect({ kubeconfig, userAgent: 'test', metrics })
  context.after(async () => transport.close())
  return { transport, told }
}

describe('the way to the API server', () => {
  it('tells the status of each answer, and 0 where none comes', async (context) => {
    let status = 200
    const server = createServer((_request, response) => response.writeHead(status).end('{}')).listen(0, '127.0.0.1')
    context.after(() => server.close())
    await once(server, 'listening')
    const { transport, told } = await transportTo(context, (server.address() as AddressInfo).port)

    await transport.request(request)
    assert.deepEqual(told.splice(0), ['get secrets begins', 'ends with 200'])

    status = 403
    await assert.rejects(transport.request(request), { status: 403 })
    assert.deepEqual(told.splice(0), ['get secrets begins', 'ends with 403'])

    server.closeAllConnections()
    server.close()
    await once(server, 'close')
    await assert.rejects(transport.request(request), { status: 0 })
    assert.deepEqual(told.splice(0), ['get secrets begins', 'ends with 0'])
  })

  it('tells of a stream when the server has accepted it, not when it ends', async (context) => {
    const server = createServer((_request, response) => response.writeHead(200).write('{}\n')).listen(0, '127.0.0.1')
    context.after(() => {
      server.closeAllConnections()
      server.close()
    })
    await once(server, 'listening')
    const { transport, told } = await transportTo(context, (server.address() as AddressInfo).port)
    const lines = await transport.stream(request)
    assert.deepEqual(told, ['get secrets begins', 'ends with 200'])
    for await (const line of lines) {
      assert.equal(line, '{}')
      break
    }
  })
})
