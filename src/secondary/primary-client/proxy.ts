/**
 * Proxies on the way to a primary: which one is used for a URL, and the tunnel through it. What a proxy answers by
 * itself is always told as `ProxyError`, never taken for the primary's answer.
 */
import { BlockList, isIP, type Socket } from 'node:net'
import type { SecureContext } from 'node:tls'
import { Client } from 'undici'
import { ProtocolError } from '../../protocol/errors.ts'
import { connectTimeout } from './tls.ts'

/** As the environment gives them. */
export interface Proxies {
  readonly https?: string
  readonly http?: string
  readonly noProxy?: string
}

/** The proxy for a URL, or undefined where it is reached directly. Throws `ProxyError` for one that cannot be used. */
export function proxyFor(target: URL, proxies: Proxies): URL | undefined {
  const proxy = target.protocol === 'https:' ? proxies.https : proxies.http
  if (proxy === undefined || proxy === '' || isExempt(target, proxies.noProxy ?? '')) return undefined
  const text = proxy.includes('://') ? proxy : `http://${proxy}`
  if (!URL.canParse(text) || !/^https?:\/\//.test(text))
    throw new ProtocolError('ProxyError', 'the URL of the proxy is not one that starts with http:// or https://')
  const url = new URL(text)
  if (!isDecodable(url.username) || !isDecodable(url.password))
    throw new ProtocolError(
      'ProxyError',
      'the user info in the URL of the proxy is not percent-encoded as it should be',
    )
  return url
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

/**
 * NO_PROXY as most programs read it: `*`, hosts with all their subdomains, addresses and ranges of them in CIDR
 * notation; each, but for a range, may name the port it is meant for.
 */
function isExempt(target: URL, noProxy: string): boolean {
  const host = hostOf(target)
  const port = target.port || (target.protocol === 'https:' ? '443' : '80')
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true
      if (entry.includes('/')) return isInRange(host, entry)
      const [, name = '', onlyPort] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? []
      if (onlyPort !== undefined && onlyPort !== port) return false
      const suffix = name.replace(/^\*?\./, '')
      return host === suffix || (isIP(host) === 0 && host.endsWith(`.${suffix}`))
    })
}

function isInRange(host: string, range: string): boolean {
  const [network = '', bits = ''] = range.split('/')
  const version = isIP(network)
  if (version === 0 || isIP(host) !== version || !/^\d{1,3}$/.test(bits)) return false
  const family = version === 6 ? 'ipv6' : 'ipv4'
  if (Number(bits) > (version === 6 ? 128 : 32)) return false
  const list = new BlockList()
  list.addSubnet(network, Number(bits), family)
  return list.check(host, family)
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '')
}

/** How a proxy is named to people: without the user info it may carry. */
function nameOf(proxy: URL): string {
  return `the proxy ${proxy.protocol}//${proxy.host}`
}

/** The header by which the user info of a proxy's URL is sent. */
export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === '' && proxy.password === '') return {}
  const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  return { 'proxy-authorization': `Basic ${Buffer.from(credentials).toString('base64')}` }
}

/** The error for an answer that only a proxy gives. */
export function refusedByProxy(proxy: URL, status: number): ProtocolError {
  const what =
    status === 407
      ? `${nameOf(proxy)} wants other credentials (407)`
      : `${nameOf(proxy)} refused the connection with status ${status}`
  return new ProtocolError('ProxyError', what)
}

/** Opens a tunnel to `authority` (`host:port`) with CONNECT (RFC 9110 §9.3.6). Throws `ProxyError`. */
export async function openTunnel(proxy: URL, authority: string, roots: SecureContext): Promise<Socket> {
  const client = new Client(proxy.origin, {
    connect: { timeout: connectTimeout, allowH2: false, secureContext: roots },
    headersTimeout: connectTimeout,
  })
  try {
    const { statusCode, socket } = await client.connect({
      path: authority,
      headers: { host: authority, ...proxyAuthorization(proxy) },
    })
    if (statusCode === 200) return socket as Socket
    socket.destroy()
    throw refusedByProxy(proxy, statusCode)
  } catch (error) {
    if (error instanceof ProtocolError) throw error
    const reason = (error as { code?: unknown }).code
    const detail = typeof reason === 'string' ? ` (${reason})` : ''
    throw new ProtocolError('ProxyError', `${nameOf(proxy)} cannot be reached${detail}`, { cause: error })
  } finally {
    // The tunnel is no longer the client's.
    void client.destroy()
  }
}
