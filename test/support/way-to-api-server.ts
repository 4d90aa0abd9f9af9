/** A way to an API server on which a test can interfere: a proxy, and a kubeconfig of a service account that leads there. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { type FaultProxy, type FaultProxyDeps, startFaultProxy } from './fault-proxy.ts'

export async function wayToApiServer(
  controlPlane: ClusterAccess,
  account: { readonly namespace: string; readonly name: string },
  interference: Pick<FaultProxyDeps, 'recognise' | 'through'>,
): Promise<{ proxy: FaultProxy; kubeconfig: string }> {
  const path = await controlPlane.serviceAccountKubeconfig(account.namespace, account.name)
  const config = parse(await readFile(path, 'utf8')) as {
    clusters: { cluster: Record<string, string | boolean> }[]
  }
  const [entry] = config.clusters
  const authority = entry?.cluster['certificate-authority-data']
  assert.ok(entry !== undefined && typeof authority === 'string')
  const proxy = await startFaultProxy({
    target: () => controlPlane.url,
    certificateAuthority: Buffer.from(authority, 'base64').toString(),
    ...interference,
  })
  // Without the second, client-node refuses plain HTTP.
  entry.cluster = { server: proxy.url, 'insecure-skip-tls-verify': true }
  const kubeconfig = `${path}.proxied`
  await writeFile(kubeconfig, stringify(config, { version: '1.1' }), { mode: 0o600 })
  return { proxy, kubeconfig }
}
