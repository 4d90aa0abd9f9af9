/** Gathers what can be seen of the program in one role: its deployment, its account and rights, its lease. */
import type { KubeClient } from '../../../kube/client.ts'
import { type Kind, type KubeObject, type ObjectMeta } from '../../../kube/objects.ts'
import type { Clock } from '../../../lib/clock.ts'
import { type OperatorView, type Role, valueOf } from '../observation.ts'
import type { MissingRight, Right } from '../rights.ts'
import { deploymentKind, viewDeployment } from './deployment.ts'
import { viewLease } from './lease-view.ts'
import { mapped, mappedIfThere, type Reader } from './reader.ts'

export interface GatherDeps {
  readonly client: Pick<KubeClient, 'create'>
  readonly reader: Reader
  /** By the clock of the API server, ms since the epoch. */
  readonly now: number
  readonly clock: Pick<Clock, 'sleep'>
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
  deps: GatherDeps,
  { role, namespace, rights }: { role: Role; namespace: string; rights: readonly Right[] },
): Promise<OperatorView> {
  const { client, reader } = deps
  const name = `conjoin-${role}`
  const key = { namespace, name }
  const [deployment, lease] = await Promise.all([reader.get(deploymentKind, key), viewLease(deps, key)])
  const account = valueOf(deployment)?.spec?.template?.spec?.serviceAccountName ?? name
  const exists = mapped(await reader.get(accountKind, { namespace, name: account }), (found) => found !== undefined)
  return {
    role,
    namespace,
    deployment: mappedIfThere(deployment, viewDeployment),
    account: { name: account, exists },
    lease,
    missingRights:
      // Of an account that does not exist everything would be missing.
      valueOf(exists) === false
        ? { kind: 'unread' }
        : await reader.attempt(async () => missingRights(client, { namespace, account }, rights), []),
  }
}

/** Asks the API server for each. */
async function missingRights(
  client: GatherDeps['client'],
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
  client: GatherDeps['client'],
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
