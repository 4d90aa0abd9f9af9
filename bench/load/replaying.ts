/**
 * A process of a bare client: it sends the API server the requests of a join, in their order, for many clusters at once,
 * and does nothing else. What it reaches is what no operator can surpass.
 */
import { openBareClient } from '../fleet/bare-client.ts'
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

await serveLoad<Replaying>(async (task) => {
  const client = await openBareClient(task.kubeconfig, task.connections)

  async function replay(name: string): Promise<void> {
    /** Of the object at each path, as last answered: a change of it is bound to that. */
    const versions = new Map<string, string>()
    for (const { method, path, contentType, body } of task.requests) {
      const target = path.replaceAll('{name}', name)
      const object = target.replace(/\?.*$/, '').replace(/\/status$/, '')
      const filled = body?.replaceAll('{name}', name).replaceAll('{resourceVersion}', versions.get(object) ?? '')
      const { status, text } = await client.exchange({ method, path: target, contentType, body: filled })
      // A read of what is not there yet is part of a join.
      if (status >= 300 && status !== 404) throw new Error(`${method} ${target}: ${status} ${text}`)
      const { metadata } = JSON.parse(text) as { metadata?: { name?: string; resourceVersion?: string } }
      if (metadata?.name !== undefined && metadata.resourceVersion !== undefined)
        versions.set(method === 'POST' ? `${object}/${metadata.name}` : object, metadata.resourceVersion)
    }
  }

  return async () => {
    const durations = await inParallel(task.clusters, task.atOnce, async (index) => replay(`${task.prefix}-${index}`))
    await client.close()
    return durations
  }
})
