/** The barest client of an API server: an administrator's requests over a few kept connections, and nothing around them. */
import { readFile } from 'node:fs/promises'
import { Agent } from 'undici'
import { parse } from 'yaml'

export interface BareClient {
  /** The parsed answer. Throws on every status that is no success. */
  send(method: 'GET' | 'POST' | 'PATCH', path: string, body?: object): Promise<unknown>
  close(): Promise<void>
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
  return {
    async send(method, path, body) {
      const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const answer = await agent.request({
        origin: cluster.server,
        path,
        method,
        headers: { authorization: `Bearer ${user.token}`, 'content-type': contentType, accept: 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
      })
      const text = await answer.body.text()
      if (answer.statusCode >= 300) throw new Error(`${method} ${path} was answered with ${answer.statusCode}: ${text}`)
      return JSON.parse(text)
    },
    close: async () => agent.close(),
  }
}
