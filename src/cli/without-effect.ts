/** Requests that the API server judges, answers, and does not carry out: `--dry-run=server`. */
import type { KubeTransport } from '../kube/transport.ts'

export function withoutEffect(transport: KubeTransport): KubeTransport {
  return {
    ...transport,
    request: async (request) =>
      transport.request(request.method === 'GET' ? request : { ...request, path: dry(request.path) }),
  }
}

function dry(path: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}dryRun=All`
}
