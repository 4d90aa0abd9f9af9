/**
 * A process of a bare client: it sends the API server the requests of a join, in their order, for many clusters at once,
 * and does nothing else. What it reaches is what no operator can surpass.
 */
import { readFileSync } from 'node:fs'
import { Agent } from 'undici'
import { parse } from 'yaml'
import type { RecordedRequest } from '../measure/audited-requests.ts'
import { inParallel, serveLoad } from './work.ts'

export interface ReplayingTask {
  readonly kubeconfig: string
  readonly requests: readonly RecordedRequest[]
  readonly prefix: string
  readonly clusters: number
  readonly atOnce: number
  readonly connections: number
}

export interface Replaying {
  readonly task: ReplayingTask
  /** How long all requests of each cluster took, milliseconds. */
  readonly outcome: readonly number[]
}

/** As much of a kubeconfig as the test bed writes. */
interface Kubeconfig {
  readonly clusters: readonly [{ readonly cluster: { readonly server: string; 'certificate-authority-data': string } }]
  readonly users: readonly [{ readonly user: { readonly token: string } }]
}

await serveLoad<Replaying>(async (task) => {
  const { clusters, users } = parse(readFileSync(task.kubeconfig, 'utf8')) as Kubeconfig
  const [{ cluster }] = clusters
  const [{ user }] = users
  const dispatcher = new Agent({
    connections: task.connections,
    connect: { ca: Buffer.from(cluster['certificate-authority-data'], 'base64') },
  })

  async function replay(name: string): Promise<void> {
    /** Of the object at each path, as last answered: a change of it is bound to that. */
    const versions = new Map<string, string>()
    for (const { method, path, contentType, body } of task.requests) {
      const target = path.replaceAll('{name}', name)
      const object = target.replace(/\?.*$/, '').replace(/\/status$/, '')
      const filled = body?.replaceAll('{name}', name).replaceAll('{resourceVersion}', versions.get(object) ?? '')
      const { statusCode, body: answer } = await dispatcher.request({
        origin: cluster.server,
        path: target,
        method,
        headers: { authorization: `Bearer ${user.token}`, 'content-type': contentType, accept: 'application/json' },
        body: filled ?? null,
      })
      const text = await answer.text()
      // A read of what is not there yet is part of a join.
      if (statusCode >= 300 && statusCode !== 404) throw new Error(`${method} ${target}: ${statusCode} ${text}`)
      const { metadata } = JSON.parse(text) as { metadata?: { name?: string; resourceVersion?: string } }
      if (metadata?.name !== undefined && metadata.resourceVersion !== undefined)
        versions.set(method === 'POST' ? `${object}/${metadata.name}` : object, metadata.resourceVersion)
    }
  }

  return async () => {
    const durations = await inParallel(task.clusters, task.atOnce, async (index) => replay(`${task.prefix}-${index}`))
    await dispatcher.close()
    return durations
  }
})
