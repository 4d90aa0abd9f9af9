/**
 * How a join server ends: nobody new is let in, whoever has begun to ask is answered, and nobody who asks nothing holds it
 * up. It knows connections, and nothing of what is asked over them.
 */
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Clock } from '../../lib/clock.ts'

/** What is asked when the stop begins is answered within this, or cut off. Milliseconds. */
export const closingPatience = 5_000

/** To be called before the server listens; `server.close()` takes no longer than `closingPatience` then. */
export function boundClosing(server: FastifyInstance, clock: Pick<Clock, 'after'>): void {
  const open = new Set<Socket>()
  let isClosing = false

  server.server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })

  server.addHook('preClose', (done) => {
    isClosing = true
    if (server.server.listening) {
      // Node's own limits for slow requests and handshakes end with the server.
      const cancel = clock.after(closingPatience, () => {
        for (const socket of open) socket.destroy()
      })
      server.server.once('close', cancel)
    }
    done()
  })

  // Where it is kept, the connection would wait for the next heartbeat, and a proxy would send the next request here.
  server.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) void reply.header('connection', 'close')
    done()
  })
}
