/** The way to an API server in memory for whoever needs nothing but that server: it answers at once, and loses nothing. */
import { errorFromAnswer } from '../../../src/kube/errors.ts'
import type { KubeTransport } from '../../../src/kube/transport.ts'
import type { MemoryApiServer } from './server.ts'

/** It has no watches: what follows changes can ask the server itself. */
export function memoryTransport(server: MemoryApiServer): KubeTransport {
  return {
    async request(request) {
      const { status, body } = server.handle(request)
      if (status < 300) return body
      throw errorFromAnswer(request.subject, { status, body: JSON.stringify(body) })
    },
    stream: async () => {
      throw new Error('there are no watches on this way')
    },
    close: async () => undefined,
  }
}
