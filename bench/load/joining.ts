/** A process of clusters that join: a number of them at once, until all have been confirmed. */
import { Agent } from 'undici'
import { parseToken } from '../../src/protocol/token.ts'
import { createApplicant, joinOnce, type Send } from './applicant.ts'
import { inParallel, serveLoad } from './work.ts'

export interface JoiningTask {
  /** Of the replicas; the requests of one cluster go to them in turn, as connections through a Service do. */
  readonly endpoints: readonly string[]
  readonly token: string
  /** What the names begin with. */
  readonly prefix: string
  readonly clusters: number
  /** How many join at the same time. */
  readonly atOnce: number
  /** To each replica. */
  readonly connections: number
}

export interface Joining {
  readonly task: JoiningTask
  /** How long each took, milliseconds. */
  readonly outcome: readonly number[]
}

await serveLoad<Joining>(async (task) => {
  const { endpoints, clusters, atOnce } = task
  const dispatcher = new Agent({
    connections: task.connections,
    connect: { rejectUnauthorized: false },
    // One that the server has closed would fail a request, and behind an ingress nobody would try it again either.
    keepAliveTimeout: 30_000,
    keepAliveMaxTimeout: 30_000,
  })
  const token = parseToken(task.token)
  // Keys are made beforehand: a cluster makes its own once, and not while it joins.
  const applicants = Array.from({ length: clusters }, (_, index) => createApplicant(`${task.prefix}-${index}`))

  const senderOf = (index: number): Send => {
    let turn = index
    return async (path, body, headers = {}) => {
      const origin = endpoints[turn++ % endpoints.length] ?? ''
      const json = { 'content-type': 'application/json' }
      // Nobody pools connections on the way to the primary's own TLS: those of a cluster that joins are its own.
      const reset = origin.startsWith('https:')
      return dispatcher.request({ origin, path, method: 'POST', headers: { ...json, ...headers }, body, reset })
    }
  }

  return async () => {
    const durations = await inParallel(clusters, atOnce, async (index) => {
      const applicant = applicants[index]
      if (applicant !== undefined) await joinOnce(applicant, token, senderOf(index))
    })
    await dispatcher.close()
    return durations
  }
})
