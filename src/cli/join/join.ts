/** The steps of `kubectl conjoin join`, in order. A join that fails leaves no token behind that could still be used. */
import type { Cluster } from '../../api/cluster.ts'
import type { Secret } from '../../kube/objects.ts'
import { suggestName } from '../../primary/join/admission.decide.ts'
import { createChanges } from '../changes.ts'
import { clusterLine, ready } from '../cluster-text.ts'
import { kubectl } from '../command-line.ts'
import { CliError } from '../errors.ts'
import { type DryRun, primaryNamespace, secondaryNamespace } from '../flags.ts'
import { untilFilled } from '../issue-token.ts'
import { clusters } from '../kinds.ts'
import { asWritten, mcJoinManifest } from '../manifests.ts'
import { manifestsText, plainText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { invitationBy } from '../token-secret.ts'
import { waitFor } from '../wait.ts'
import { give } from './give.ts'
import { givenTo, hashOf, type JoinWishes, prospectOf } from './plan.ts'
import { followJoin, type JoinEnd } from './progress.ts'
import { rehearse } from './rehearse.ts'
import { at, lookAtBoth, readGiven, type Side } from './sides.ts'
import { makeToken, namedToken, revokeUnused } from './token.ts'

export interface JoinDeps {
  readonly surroundings: Surroundings
  readonly primary: Side
  readonly secondary: Side
}

export interface JoinOrder extends JoinWishes {
  /** Name of a join token; left out: one is made. */
  readonly token: string | undefined
  /** Both manifests are printed, and the secondary is left alone. */
  readonly isPrinted: boolean
  readonly dryRun: DryRun
  readonly timeoutMs: number
}

/** Throws `CliError` where the clusters are not joined at the end. */
export async function joinClusters(deps: JoinDeps, order: JoinOrder): Promise<void> {
  const { surroundings, primary, secondary } = deps
  const sides = await lookAtBoth(primary, secondary)
  const prospect = prospectOf(sides)
  switch (prospect.kind) {
    case 'itself':
      throw new CliError('both contexts lead to the same cluster, and a cluster cannot join itself', {
        next: 'kubectl config get-contexts',
      })
    case 'joined':
      surroundings.say(`it has joined this primary already, as ${prospect.cluster.metadata.name}; nothing was changed`)
      return surroundings.print(clusterLine(prospect.cluster, surroundings.clock.now()))
    case 'open':
      if (prospect.leaves !== undefined)
        surroundings.say(`it leaves ${prospect.leaves} once the new primary has proved itself`)
      if (order.dryRun !== 'none') return rehearse(deps, order, sides.secondaryUid)
      return order.token === undefined
        ? joinWithOwnToken(deps, order, sides.secondaryUid)
        : joinWith(deps, order, { uid: sides.secondaryUid, secret: await readToken(deps, order.token) })
  }
}

async function readToken({ surroundings, primary }: JoinDeps, name: string): Promise<Secret> {
  const { clock } = surroundings
  return at(primary, async () => namedToken({ ...primary, clock }, { namespace: primary.namespace, name }))
}

async function joinWithOwnToken(deps: JoinDeps, order: JoinOrder, uid: string): Promise<void> {
  const { surroundings, primary } = deps
  const { client, target, namespace } = primary
  const changes = createChanges({ client, print: lineTo(surroundings), dryRun: 'none' })
  const made = await at(primary, async () =>
    makeToken({ changes, clock: surroundings.clock }, { namespace, uid, name: order.name }),
  )
  try {
    const secret = await at(primary, async () =>
      untilFilled(surroundings, client, made, { target, timeoutMs: order.timeoutMs, isKept: false }),
    )
    await joinWith(deps, order, { uid, secret })
  } catch (error) {
    await at(primary, async () => revokeUnused({ client, changes }, made)).catch((failure: unknown) =>
      surroundings.say(`${made.metadata.name} could not be revoked: ${String(failure)}`),
    )
    throw error
  }
}

async function joinWith(deps: JoinDeps, order: JoinOrder, by: { uid: string; secret: Secret }): Promise<void> {
  const { surroundings, primary, secondary } = deps
  const invitation = invitationBy(by.secret, secondary.namespace, primary.target)
  if (order.isPrinted) {
    surroundings.say('the first is for the primary, the second for the secondary and a secret: it holds the token')
    const mcJoin = mcJoinManifest({ ...invitation, clusterName: order.name ?? invitation.clusterName })
    return surroundings.print(manifestsText([asWritten(by.secret), mcJoin]))
  }
  const stored = await readGiven(secondary)
  const given = givenTo(stored, invitation, order, new Date(surroundings.clock.now()).toISOString())
  const changes = createChanges({ client: secondary.client, print: lineTo(surroundings), dryRun: 'none' })
  await at(secondary, async () => give(changes, stored, given))
  const { namespace, client } = secondary
  const follow = { namespace, hash: hashOf(given), timeoutMs: order.timeoutMs }
  const end = await at(secondary, async () => followJoin(surroundings, client, follow))
  await conclude(deps, end, { uid: by.uid, order })
}

async function conclude(deps: JoinDeps, end: JoinEnd, { uid, order }: { uid: string; order: JoinOrder }) {
  const { surroundings, secondary } = deps
  const { timeoutMs } = order
  switch (end.kind) {
    case 'joined': {
      if (end.message !== '') surroundings.say(plainText(end.message))
      const cluster = await untilReady(deps, uid, timeoutMs)
      return surroundings.print(cluster === undefined ? '' : clusterLine(cluster, surroundings.clock.now()))
    }
    case 'rejected':
      throw new CliError(`the join was rejected: ${end.message}`, {
        next:
          end.message.startsWith('NameTaken:') && order.name !== undefined && order.token === undefined
            ? joinAgain(deps, { ...order, name: suggestName(order.name, uid) })
            : statusOf(secondary),
      })
    case 'unfinished':
      throw await unfinished(deps, end.message, { uid, timeoutMs })
  }
}

async function unfinished(
  { primary, secondary }: JoinDeps,
  message: string | undefined,
  { uid, timeoutMs }: { uid: string; timeoutMs: number },
): Promise<CliError> {
  const what = `not joined after ${timeoutMs / 1000} s`
  if (message === undefined)
    return new CliError(`${what}: the operator of the secondary has said nothing; is one installed, and does it run?`, {
      next: statusOf(secondary),
    })
  const cluster = await findMember(primary, uid)
  const next =
    cluster === undefined || ready(cluster).reason !== 'PendingApproval'
      ? statusOf(secondary)
      : kubectl(primary.target, 'conjoin', 'approve', cluster.metadata.name, '-n', primary.namespace)
  return new CliError(`${what}: ${message}`, { next })
}

/** The first heartbeat follows the join at once; where it does not, the line says how it stands. */
async function untilReady({ surroundings, primary }: JoinDeps, uid: string, timeoutMs: number) {
  const isReady = async () => {
    const cluster = await findMember(primary, uid)
    return cluster !== undefined && ready(cluster).status === 'True' ? cluster : undefined
  }
  return (await waitFor(surroundings, timeoutMs, isReady)) ?? findMember(primary, uid)
}

async function findMember(primary: Side, uid: string): Promise<Cluster | undefined> {
  const { items } = await at(primary, async (client) => client.list(clusters, { namespace: primary.namespace }))
  return items.find(({ spec }) => spec.member?.uid === uid)
}

function statusOf({ target, namespace }: Side): string {
  return kubectl(target, 'conjoin', 'status', '-n', namespace)
}

/** Another name in `mc-join-config`, as the refusal has it, would not do: the token of this try goes with it. */
function joinAgain({ primary, secondary }: JoinDeps, { name, ingress }: JoinWishes): string {
  const wanted = {
    'primary-kubeconfig': primary.target.kubeconfig,
    'primary-context': primary.target.context,
    'primary-namespace': primary.namespace === primaryNamespace ? undefined : primary.namespace,
    namespace: secondary.namespace === secondaryNamespace ? undefined : secondary.namespace,
    name,
    ingress,
  }
  const flags = Object.entries(wanted).flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, value]))
  return kubectl(secondary.target, 'conjoin', 'join', ...flags)
}

/** What a join prints is one Cluster, or two manifests: what it does on the way is talk. */
function lineTo({ say }: Surroundings): Surroundings['print'] {
  return (text) => say(text.trimEnd())
}
