/** Makes a service account and a token for it, as a pod would get one. Gives it no rights. */
import { Redacted } from '../../src/lib/redacted.ts'
import type { AdminClient } from './admin-client.ts'

/** Longer than any test or demonstration runs, seconds. */
const tokenLifetime = 24 * 60 * 60

/** Creates the namespace and the service account where they are missing, then asks for a token by TokenRequest. */
export async function createServiceAccountToken(
  admin: AdminClient,
  namespace: string,
  name: string,
): Promise<Redacted<string>> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await admin.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })
  await admin.create(accounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } })
  const tokenRequest = await admin.create(`${accounts}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: tokenLifetime },
  })
  const token = tokenRequest?.status?.token
  if (token === undefined) throw new Error(`no token for service account ${namespace}/${name}`)
  return new Redacted(token)
}
