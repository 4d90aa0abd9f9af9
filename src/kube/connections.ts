/**
 * Credentials and connections made from a loaded kubeconfig: one pool for requests, one for watches. It sends nothing
 * and loads no configuration.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { RequestOptions } from 'node:https'
import type { KubeConfig } from '@kubernetes/client-node'
import { Agent, type buildConnector, type Dispatcher, ProxyAgent } from 'undici'

const connectTimeoutMs = 10_000
/** Until the answer's head, and between two pieces of its body. */
const answerTimeoutMs = 30_000
/** Below the API server's own 90 s, so that a request never goes out on a connection the server is closing. */
const idleConnectionMs = 30_000
/** Enough to keep one API server busy; a burst waits for a free connection instead of opening hundreds. */
const connectionsForRequests = 32
/** After this long without a byte TCP starts to probe, and gives a dead peer up some ten seconds later. */
const keepAliveProbeMs = 30_000

export interface Credentials {
  readonly headers: Record<string, string>
  /** Authorities, client certificate and server name, as `tls.connect` takes them. */
  readonly tls: buildConnector.BuildOptions
  /** Differs where connections made with other credentials must not be used any more. */
  readonly fingerprint: string
}

/** Reads token and certificate files anew, and runs exec plugins or OIDC refreshes where theirs have expired. */
export async function readCredentials(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim()
  if (typeof options.auth === 'string') {
    headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`
  }
  const tokenFile = config.getCurrentUser()?.authProvider?.config?.tokenFile as string | undefined
  // client-node keeps what it has read for a minute: long enough for a token that was replaced because it is void.
  if (tokenFile !== undefined) headers['Authorization'] = `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}`
  const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options
  const given = Object.entries({ ca, cert, key, pfx, passphrase, servername, rejectUnauthorized }).filter(
    ([, value]) => value !== undefined,
  )
  const hash = createHash('sha256')
  for (const [name, value] of given) hash.update(name).update(Buffer.isBuffer(value) ? value : JSON.stringify(value))
  return { headers, tls: Object.fromEntries(given), fingerprint: hash.digest('base64') }
}

/**
 * Watches have connections of their own: they hold one each for minutes and would starve the requests. No time limit
 * lies on their bodies, for a quiet watch is a healthy one.
 */
export interface Pools {
  readonly requests: Dispatcher
  readonly watches: Dispatcher
}

export function openPools(config: KubeConfig, credentials: Credentials): Pools {
  return {
    requests: openPool(config, credentials, { connections: connectionsForRequests, bodyTimeout: answerTimeoutMs }),
    watches: openPool(config, credentials, { bodyTimeout: 0 }),
  }
}

/** Resolves when what is in flight has ended; nothing new is accepted. */
export async function closePools(pools: Pools): Promise<void> {
  await Promise.all([pools.requests.close(), pools.watches.close()])
}

function openPool(config: KubeConfig, credentials: Credentials, limits: Agent.Options): Dispatcher {
  const options: Agent.Options = {
    headersTimeout: answerTimeoutMs,
    keepAliveTimeout: idleConnectionMs,
    keepAliveMaxTimeout: idleConnectionMs,
    // One HTTP/2 connection would carry everything, watches too, and be lost as a whole.
    allowH2: false,
    ...limits,
  }
  const connect = { ...credentials.tls, timeout: connectTimeoutMs, keepAliveInitialDelay: keepAliveProbeMs }
  const proxy = config.getCurrentCluster()?.proxyUrl
  return proxy ? new ProxyAgent({ ...options, uri: proxy, requestTls: connect }) : new Agent({ ...options, connect })
}
