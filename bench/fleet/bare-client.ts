/** The barest client of an API server: requests over a few kept connections, and nothing around them. */
import { readFile } from 'node:fs/promises'
import { Agent, type Dispatcher } from 'undici'
import { parse } from 'yaml'

export interface BareClient {
  /** The parsed answer. Throws on every status that is no success. */
  send(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<unknown>
  /** The answer as it came, to a body that is JSON already. */
  exchange(request: BareRequest): Promise<{ readonly status: number; readonly text: string }>
  close(): Promise<void>
}

export interface BareRequest {
  readonly method: Dispatcher.HttpMethod
  /** With the query. */
  readonly path: string
  readonly contentType: string
  readonly body?: string | undefined
}

/** As much of a kubeconfig as the test bed writes. */
interface Kubeconfig {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
  ]
  readonly users: readonly [{ readonly user: { readonly token: string } }]
}

/** `connections`: how many requests go on at the same time. */
export async function openBareClient(kubeconfig: string, connections: number): Promise<BareClient> {
  const { clusters, users } = parse(await readFile(kubeconfig, 'utf8')) as Kubeconfig
  const [{ cluster }] = clusters
  const [{ user }] = users
  const agent = new Agent({
    connections,
    connect: { ca: Buffer.from(cluster['certificate-authority-data'], 'base64') },
  })
  const exchange: BareClient['exchange'] = async ({ method, path, contentType, body = null }) => {
    const headers = { authorization: `Bearer ${user.token}`, 'content-type': contentType, accept: 'application/json' }
    const answer = await agent.request({ origin: cluster.server, path, method, headers, body })
    return { status: answer.statusCode, text: await answer.body.text() }
  }
  return {
    exchange,
    async send(method, path, body) {
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const { status, text } = await exchange({ method, path, contentType, body: body && JSON.stringify(body) })
      if (status >= 300) throw new Error(`${method} ${path} was answered with ${status}: ${text}`)
      return JSON.parse(text)
    },
    close: async () => agent.close(),
  }
}
