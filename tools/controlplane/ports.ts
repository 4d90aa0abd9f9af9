/** Picks a TCP port for an API server that can be killed and started again on it. */
import { createServer } from 'node:net'

// Below the range from which Linux takes ports for outgoing connections and for port 0: while a killed API server is
// down, nobody else is given its port by accident.
const firstPort = 20_000
const lastPort = 32_000

/** A port of 127.0.0.1 that is free now. Another process may still take it first: the caller tries again then. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * (lastPort - firstPort))
    if (await isFree(port)) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
