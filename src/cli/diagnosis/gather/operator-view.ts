/** Gathers what can be seen of the program in one role: its deployment, its account and rights, its lease. */
import type { KubeClient } from '../../../kube/client.ts'
import { type Kind, type KubeObject, type Lease, leaseKind, type ObjectMeta } from '../../../kube/objects.ts'
import { type LeaseView, type OperatorView, type Role, valueOf } from '../observation.ts'
import type { MissingRight, Right } from '../rights.ts'
import { deploymentKind, viewDeployment } from './deployment.ts'
import { mapped, mappedIfThere, type Reader } from './reader.ts'

export interface OperatorDeps {
  readonly client: Pick<KubeClient, 'create'>
  readonly reader: Reader
}

const accountKind: Kind = { apiVersion: 'v1', kind: 'ServiceAccount', plural: 'serviceaccounts', namespaced: true }

interface AccessReview extends KubeObject {
  spec: object
  status?: { allowed?: boolean }
}

const accessReviewKind: Kind<AccessReview> = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
}

/** `rights` are what the role needs. Throws `KubeApiError`. */
export async function viewOperator(
  { client, reader }: OperatorDeps,
  { role, namespace, rights }: { role: Role; namespace: string; rights: readonly Right[] },
): Promise<OperatorView> {
  const name = `conjoin-${role}`
  const key = { namespace, name }
  const [deployment, lease] = await Promise.all([reader.get(deploymentKind, key), reader.get(leaseKind, key)])
  const account = valueOf(deployment)?.spec?.template?.spec?.serviceAccountName ?? name
  const exists = mapped(await reader.get(accountKind, { namespace, name: account }), (found) => found !== undefined)
  return {
    role,
    namespace,
    deployment: mappedIfThere(deployment, viewDeployment),
    account: { name: account, exists },
    lease: mappedIfThere(lease, viewLease),
    missingRights:
      // Of an account that does not exist everything would be missing.
      valueOf(exists) === false
        ? { kind: 'unread' }
        : await reader.attempt(async () => missingRights(client, { namespace, account }, rights), []),
  }
}

/** Who wrote last, by the clock of the API server: it has whole seconds. */
function viewLease({ metadata, spec }: Lease): LeaseView {
  const { managedFields = [] } = metadata as ObjectMeta & { managedFields?: readonly { time?: string }[] }
  const times = managedFields.map(({ time }) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time))
  return {
    holder: spec?.holderIdentity ?? '',
    renewedAt: Date.parse(spec?.renewTime ?? '') || 0,
    storedAt: times.length === 0 ? undefined : Math.max(...times),
  }
}

/** Asks the API server for each. */
async function missingRights(
  client: OperatorDeps['client'],
  account: { namespace: string; account: string },
  rights: readonly Right[],
): Promise<readonly MissingRight[]> {
  const wanted = rights.flatMap(({ names, ...right }) =>
    (names ?? [undefined]).map((name) => ({ ...right, ...(name === undefined ? {} : { name }) })),
  )
  const missing = await Promise.all(
    wanted.map(async (right) => {
      const allowed = await Promise.all(right.verbs.map(async (verb) => isAllowed(client, account, right, verb)))
      const verbs = right.verbs.filter((_verb, index) => allowed[index] === false)
      return verbs.length === 0 ? [] : [{ ...right, verbs }]
    }),
  )
  return missing.flat()
}

async function isAllowed(
  client: OperatorDeps['client'],
  { namespace, account }: { namespace: string; account: string },
  right: MissingRight,
  verb: string,
): Promise<boolean> {
  const [resource, subresource] = right.resource.split('/')
  const { status } = await client.create<AccessReview>(accessReviewKind, {
    // The API server wants it empty.
    metadata: {} as ObjectMeta,
    spec: {
      user: `system:serviceaccount:${namespace}:${account}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
      resourceAttributes: {
        verb,
        group: right.group,
        resource,
        ...(subresource === undefined ? {} : { subresource }),
        ...(right.name === undefined ? {} : { name: right.name }),
        ...(right.namespace === undefined ? {} : { namespace: right.namespace }),
      },
    },
  })
  return status?.allowed === true
}
