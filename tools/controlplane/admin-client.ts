/** The few requests that the test bed itself sends to its API server. Programs under test bring their own client. */
import { Agent, request } from 'node:https'
import type { Redacted } from '../../src/lib/redacted.ts'

export interface AdminClient {
  /** Status and body as they are; throws only when there is no answer. */
  send(method: 'GET' | 'POST', path: string, body?: object): Promise<{ status: number; body: string }>
  /** The object at `path`; throws on every status but 200. */
  get(path: string): Promise<KubernetesObject>
  /** The object that the server answers with; undefined when it existed already. Throws on every other refusal. */
  create(path: string, body: object): Promise<KubernetesObject | undefined>
}

/** What the test bed reads of an object. */
export interface KubernetesObject {
  readonly metadata: { readonly uid: string }
  /** Of a TokenRequest. */
  readonly status?: { readonly token?: string }
}

/** How long the test bed waits for one answer, milliseconds. */
const answerLimit = 30_000

export function createAdminClient(url: string, certificateAuthority: string, token: Redacted<string>): AdminClient {
  // Tests look many times a second; a server that is killed takes its connections with it.
  const agent = new Agent({ keepAlive: true })
  const send: AdminClient['send'] = async (method, path, body) =>
    new Promise((resolve, reject) => {
      const sent = request(
        new URL(path, url),
        {
          method,
          ca: certificateAuthority,
          agent,
          headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
          signal: AbortSignal.timeout(answerLimit),
        },
        (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            text += chunk
          })
          response.once('end', () => resolve({ status: response.statusCode ?? 0, body: text }))
          response.once('error', reject)
        },
      )
      sent.once('error', (error) => {
        // Nobody has read what came over a connection that was already dead.
        if (sent.reusedSocket) resolve(send(method, path, body))
        else reject(error)
      })
      sent.end(body === undefined ? undefined : JSON.stringify(body))
    })
  return {
    send,
    async get(path) {
      const { status, body } = await send('GET', path)
      if (status !== 200) throw new Error(`GET ${path} was answered with ${status}: ${body}`)
      return JSON.parse(body) as KubernetesObject
    },
    async create(path, object) {
      const { status, body } = await send('POST', path, object)
      if (status === 409) return undefined
      if (status !== 201) throw new Error(`POST ${path} was answered with ${status}: ${body}`)
      return JSON.parse(body) as KubernetesObject
    },
  }
}
