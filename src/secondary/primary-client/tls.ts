/**
 * TLS connections to a primary, judged after the handshake and before the first byte. Owns what is known of the leaf
 * that a connection shows and which leaves a primary has vouched for; what an unaccepted connection may carry is
 * decided in `line.ts`.
 */
import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import type { SecureContext, TLSSocket } from 'node:tls'
import { buildConnector } from 'undici'
import { ProtocolError } from '../../protocol/errors.ts'

/** Milliseconds. */
export const connectTimeout = 5_000

/** The certificate that the other side showed. */
export interface Leaf {
  /** SHA-256 of its public key (SPKI), base64url: how a challenge vouches for it. */
  readonly spki: string
  /** Why it is not valid for the host name by the known roots; undefined where it is. */
  readonly fault: string | undefined
}

/** Of all primaries together; one that shows another leaf with every connection must not fill the memory. */
const mostLeaves = 64

/** Leaves that a primary has vouched for by its signature; they are good for this process and for this primary. */
export class VouchedLeaves {
  readonly #leaves = new Set<string>()

  /** `primary` is the thumbprint of the key that signed. */
  add(primary: string, spki: string): void {
    const leaf = `${primary}/${spki}`
    // The oldest goes first, and one that is vouched for again is young.
    this.#leaves.delete(leaf)
    this.#leaves.add(leaf)
    for (const oldest of this.#leaves) if (this.#leaves.size > mostLeaves) this.#leaves.delete(oldest)
  }

  has(primary: string, spki: string): boolean {
    return this.#leaves.has(`${primary}/${spki}`)
  }
}

export type ConnectTarget = buildConnector.Options

/**
 * Opens a connection and has `judge` look at the leaf. Rejects with the error that `judge` throws; not one byte of a
 * request has been sent then. `tunnel` is a connection through a proxy, where there is one.
 */
export async function connectTls(
  target: ConnectTarget,
  options: { roots: SecureContext; tunnel: Socket | undefined; judge: (leaf: Leaf) => void },
): Promise<Socket> {
  // One for each connection: a connector keeps sessions, and what is resumed cannot be judged.
  const connect = buildConnector({
    timeout: connectTimeout,
    allowH2: false,
    // The handshake goes on, so that the leaf can be compared; `socket.authorized` still tells the truth.
    rejectUnauthorized: false,
    secureContext: options.roots,
  })
  const socket = await connected(connect, { ...target, ...tunnelled(options.tunnel) })
  return judged(socket as TLSSocket, options.judge)
}

/**
 * A connection after its handshake, once `judge` has looked at its leaf. Ends it and throws what `judge` throws, or
 * `TlsUntrusted` where it shows no leaf.
 */
export function judged(socket: TLSSocket, judge: (leaf: Leaf) => void): TLSSocket {
  try {
    judge(leafOf(socket))
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Opens a connection without TLS. */
export async function connectPlain(target: ConnectTarget): Promise<Socket> {
  return connected(buildConnector({ timeout: connectTimeout, allowH2: false }), target)
}

function tunnelled(tunnel: Socket | undefined) {
  return tunnel === undefined ? {} : { httpSocket: tunnel }
}

async function connected(connect: buildConnector.connector, target: ConnectTarget): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connect(target, (error, socket) => {
      if (error === null) resolve(socket)
      else reject(error)
    })
  })
}

function leafOf(socket: TLSSocket): Leaf {
  // It shows no certificate, and counts as authorized for any host name.
  if (socket.isSessionReused()) throw new ProtocolError('TlsUntrusted', 'the TLS session was resumed')
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) throw new ProtocolError('TlsUntrusted', 'the server showed no certificate')
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' })
  return {
    spki: createHash('sha256').update(spki).digest('base64url'),
    fault: socket.authorized ? undefined : faultOf(socket.authorizationError),
  }
}

/** Typed as an Error, and in truth the code as text. */
function faultOf(authorizationError: Error | string | null): string {
  if (authorizationError instanceof Error) return authorizationError.message
  return authorizationError ?? 'not verified'
}
