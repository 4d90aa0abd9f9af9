/**
 * A relay for connections to an API server that ends TLS with a certificate which a test may change. It knows nothing of
 * requests; it sends what the server says as it comes, or byte by byte.
 */
import type { TestContext } from 'node:test'
import { connect, createServer, type TLSSocket } from 'node:tls'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { listen } from './kube-relay.ts'

export interface ServingCertificate {
  readonly certificatePem: string
  readonly privateKeyPem: string
}

export interface KubeTlsRelay {
  readonly port: number
  /** New connections get this certificate; what is open is closed. */
  present(certificate: ServingCertificate): void
}

/** Ends with the test. `pieceBytes` is the most that one TLS record of an answer holds. */
export async function startKubeTlsRelay(
  context: TestContext,
  controlPlane: ClusterAccess,
  { certificate, pieceBytes = 16_384 }: { certificate: ServingCertificate; pieceBytes?: number },
): Promise<KubeTlsRelay> {
  const port = Number(new URL(controlPlane.url).port)
  const open = new Set<TLSSocket>()
  const server = createServer(tlsOf(certificate), (client) => {
    // The relay is what is looked at; whom it asks is not.
    const upstream = connect({ host: '127.0.0.1', port, rejectUnauthorized: false })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.once('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
    client.pipe(upstream)
    void sendInPieces(upstream, client, pieceBytes)
  })
  const close = () => {
    for (const socket of open) socket.destroy()
  }
  context.after(close)
  return {
    port: await listen(context, server),
    present(next) {
      server.setSecureContext(tlsOf(next))
      close()
    },
  }
}

async function sendInPieces(from: TLSSocket, to: TLSSocket, pieceBytes: number): Promise<void> {
  try {
    for await (const data of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < data.length; at += pieceBytes) {
        // One after the other, else they would be put together again on their way out.
        await new Promise((resolve) => {
          to.write(data.subarray(at, at + pieceBytes), resolve)
        })
      }
    }
    to.end()
  } catch {
    // The connection was closed, which both sockets know.
  }
}

function tlsOf({ certificatePem, privateKeyPem }: ServingCertificate): { cert: string; key: string } {
  return { cert: certificatePem, key: privateKeyPem }
}
