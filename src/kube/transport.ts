/**
 * The way to one API server: credentials from a kubeconfig or the pod, TLS, proxies, and pooled connections. It sends
 * what it is given and turns every failure into a `KubeApiError`; it knows no kinds and never tries again by itself.
 * It is the only file that uses `@kubernetes/client-node` at run time.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { KubeConfig, loadYaml } from '@kubernetes/client-node'
import type { Dispatcher } from 'undici'
import type { RequestMetrics } from '../lib/metrics.ts'
import { closePools, openPools, type Pools, readCredentials } from './connections.ts'
import { errorFromAnswer, errorFromNetwork, KubeApiError, parseAnswer, type RequestSubject } from './errors.ts'
import { splitLines } from './lines.ts'
import { untilAborted } from './until-aborted.ts'

export interface KubeRequest {
  readonly subject: RequestSubject
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** From the API's root, with the query. */
  readonly path: string
  readonly body?: object
  readonly contentType?: string
  readonly signal?: AbortSignal | undefined
}

export interface KubeTransport {
  /**
   * The parsed JSON of a 2xx answer. Throws `KubeApiError` for any other answer, and with status 0 where none came
   * within 30 s; rejects with the signal's reason when that is aborted.
   */
  request(request: KubeRequest): Promise<unknown>
  /**
   * Opens a stream and gives its lines; fails like `request`, while opening and later. It ends when the server ends
   * it, however long that takes.
   */
  stream(request: KubeRequest): Promise<AsyncIterable<string>>
  /** Closes the connections; requests in flight fail. */
  close(): Promise<void>
}

export interface ConnectOptions {
  /** A file, or several that are merged as kubectl merges those of its variable KUBECONFIG. */
  readonly kubeconfig?: string | readonly string[] | undefined
  readonly context?: string | undefined
  readonly userAgent: string
  readonly metrics?: RequestMetrics
}

/**
 * Reads the configuration and prepares the connections; nothing is sent yet. With neither `kubeconfig` nor `context`
 * it is the cluster whose pod this is; with a context alone, the kubeconfig that kubectl would use. Throws where there
 * is no such file, context or pod.
 */
export async function connect(options: ConnectOptions): Promise<KubeTransport> {
  let config = loadConfig(options)
  const server = new URL(serverOf(config))
  let credentials = await readCredentials(config)
  let pools = openPools(config, credentials)
  const prefix = server.pathname.replace(/\/$/, '')

  /** Follows rotated certificates: new files or a new exec answer mean new connections. */
  async function current(): Promise<{ pools: Pools; headers: Record<string, string> }> {
    const next = await readCredentials(config)
    if (next.fingerprint !== credentials.fingerprint) {
      const retired = pools
      pools = openPools(config, next)
      void closePools(retired)
    }
    credentials = next
    return { pools, headers: next.headers }
  }

  /** What the configuration caches of its credentials (exec, OIDC, token files) may be void before its time. */
  function forgetCredentials(): void {
    try {
      config = loadConfig(options)
    } catch {
      // The file is being replaced, perhaps: what we have is as good as nothing, and the next 401 comes back here.
    }
  }

  /** The answer, whatever its status. */
  async function ask(pool: keyof Pools, request: KubeRequest): Promise<Dispatcher.ResponseData> {
    const { method, body, contentType = 'application/json', signal = null } = request
    const { pools, headers } = await current()
    return pools[pool].request({
      origin: server.origin,
      path: prefix + request.path,
      method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': options.userAgent,
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    })
  }

  async function send(pool: keyof Pools, request: KubeRequest): Promise<Dispatcher.ResponseData> {
    const { subject, signal } = request
    const ended = options.metrics?.request(subject)
    let status = 0
    try {
      const asked = ask(pool, request)
      // undici heeds an abort only once it has a connection, and may wait 10 s for one.
      const answer = await (signal === undefined ? asked : untilAborted(asked, signal))
      status = answer.statusCode
      if (answer.statusCode >= 200 && answer.statusCode < 300) return answer
      if (answer.statusCode === 401) forgetCredentials()
      throw errorFromAnswer(subject, {
        status: answer.statusCode,
        body: await answer.body.text(),
        retryAfter: [answer.headers['retry-after']].flat()[0],
      })
    } catch (error) {
      throw asKubeApiError(request, error)
    } finally {
      ended?.(status)
    }
  }

  return {
    async request(request) {
      const answer = await send('requests', request)
      try {
        return parseAnswer(request.subject, await answer.body.text())
      } catch (error) {
        throw asKubeApiError(request, error)
      }
    },

    async stream(request) {
      const answer = await send('watches', request)
      return withKubeErrors(request, splitLines(answer.body))
    },

    async close() {
      await Promise.all([pools.requests.destroy(), pools.watches.destroy()])
    },
  }
}

function asKubeApiError(request: KubeRequest, error: unknown): Error {
  if (request.signal?.aborted) return request.signal.reason as Error
  return error instanceof KubeApiError ? error : errorFromNetwork(request.subject, error)
}

async function* withKubeErrors(request: KubeRequest, lines: AsyncIterable<string>): AsyncGenerator<string> {
  try {
    yield* lines
  } catch (error) {
    throw asKubeApiError(request, error)
  }
}

function loadConfig({ kubeconfig, context }: ConnectOptions): KubeConfig {
  const config = kubeconfig === undefined ? new KubeConfig() : merged([kubeconfig].flat().map(loadFile))
  if (kubeconfig === undefined && context === undefined) config.loadFromCluster()
  else if (kubeconfig === undefined) config.loadFromDefault()
  if (context !== undefined) {
    if (config.getContextObject(context) === null) throw new Error(`the kubeconfig has no context ${context}`)
    config.setCurrentContext(context)
  }
  return config
}

function loadFile(file: string): KubeConfig {
  const config = new KubeConfig()
  config.loadFromFile(file)
  readTokenFiles(config, file)
  return config
}

/** Of two entries with one name the first counts: what looks one up stops there. */
function merged(configs: readonly KubeConfig[]): KubeConfig {
  const config = new KubeConfig()
  config.clusters = configs.flatMap(({ clusters }) => clusters)
  config.users = configs.flatMap(({ users }) => users)
  config.contexts = configs.flatMap(({ contexts }) => contexts)
  config.currentContext = configs.map(({ currentContext }) => currentContext).find(Boolean) ?? ''
  return config
}

/** client-node overlooks `tokenFile` in a kubeconfig; its in-cluster provider reads such a file and re-reads it. */
function readTokenFiles(config: KubeConfig, file: string): void {
  const raw = loadYaml<{ users?: { name?: string; user?: { tokenFile?: string } | null }[] }>(
    readFileSync(file, 'utf8'),
  )
  for (const entry of raw.users ?? []) {
    const tokenFile = entry.user?.tokenFile
    if (tokenFile === undefined) continue
    const authProvider = { name: 'tokenFile', config: { tokenFile: path.resolve(path.dirname(file), tokenFile) } }
    config.users = config.users.map((user) => (user.name === entry.name ? { ...user, authProvider } : user))
  }
}

function serverOf(config: KubeConfig): string {
  const server = config.getCurrentCluster()?.server
  if (server !== undefined && URL.canParse(server)) return server
  throw new Error(
    'no Kubernetes API server to talk to: not running in a pod, and no usable kubeconfig or context is given',
  )
}
