/** The version of the API server, as people know it. */
import type { KubeTransport } from './transport.ts'

/** Like `v1.36.3`; every authenticated user may ask. Throws `KubeApiError`. */
export async function serverVersion(transport: KubeTransport): Promise<string> {
  const subject = { verb: 'get', resource: 'version' }
  const answer = (await transport.request({ subject, method: 'GET', path: '/version' })) as { gitVersion?: string }
  return answer.gitVersion ?? 'unknown'
}
