/**
 * What users do on a primary and a secondary that are installed by the chart, in the namespaces that the documents name. A
 * scene does the same in namespaces of its own.
 */
import type { Secret } from '../../src/kube/objects.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import { read } from './api-objects.ts'
import { kubectl, type Plain, plain } from './kubectl.ts'
import { tokenSecretOf } from './manifests.ts'
import { until } from './until.ts'

/** The namespaces of what users create: on the primary, and on the secondary. */
export const userNamespaces = { primary: 'kasten-io-mc', secondary: 'kasten-io' } as const

export interface ReleaseUsers {
  /** Has a join token issued, with these annotations of ours; gives what mc-join needs of it. */
  token(name: string, annotations?: Plain): Promise<Plain>
  /** Creates or replaces mc-join. */
  mcJoin(values: Plain): Promise<void>
  /** The same, until both sides say that it has joined. */
  joinAs(clusterName: string, given: Plain): Promise<void>
  /** Until mc-join-status says this; undefined where there is to be none. */
  untilStatus(status: string | undefined): Promise<void>
  untilReady(clusterName: string): Promise<void>
}

export function releaseUsers(primary: ClusterAccess, secondary: ClusterAccess): ReleaseUsers {
  const readSecret = async (name: string) => read<Secret>(secondary, userNamespaces.secondary, 'secret', name)

  const users: ReleaseUsers = {
    async token(name, annotations = {}) {
      const secret = JSON.stringify(tokenSecretOf(name, annotations))
      await kubectl(primary, ['create', '-n', userNamespaces.primary, '-f', '-'], secret)
      return until(`the Secret ${name} is filled`, async () => {
        const filled = await read<Secret>(primary, userNamespaces.primary, 'secret', name)
        return filled?.data?.['token'] !== undefined && plain(filled)
      })
    },
    async mcJoin(values) {
      const metadata = { name: 'mc-join', namespace: userNamespaces.secondary }
      const secret = { apiVersion: 'v1', kind: 'Secret', metadata, stringData: values }
      const exists = (await readSecret('mc-join')) !== undefined
      await kubectl(secondary, [exists ? 'replace' : 'create', '-f', '-'], JSON.stringify(secret))
    },
    async joinAs(clusterName, given) {
      await users.mcJoin({ ...given, clusterName })
      await users.untilStatus('Joined')
      await users.untilReady(clusterName)
    },
    async untilStatus(status) {
      await until(`mc-join-status says ${status}`, async () => {
        const secret = await readSecret('mc-join-status')
        return (secret && plain(secret)['status']) === status
      })
    },
    async untilReady(clusterName) {
      const ready = ['--for=condition=Ready', `mcc/${clusterName}`, '--timeout=60s']
      await kubectl(primary, ['wait', ...ready, '-n', userNamespaces.primary])
    },
  }
  return users
}
