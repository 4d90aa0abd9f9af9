/**
 * Carries out what is decided of a roll of the primary's signing keys: the leader's work. Each step is one write to
 * `mc-primary-identity`, bound to the version that was looked at: of two that try at once, one makes no key.
 */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { patchPrimaryIdentity } from '../../api/primary-identity.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import type { Informer } from '../../kube/informer.ts'
import { type ObjectKey, type Secret, secretKind } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { createKeyring } from '../../protocol/keyring.ts'
import { generateSigningKey } from '../../protocol/keys.ts'
import { isRestored } from '../cluster/cluster.decide.ts'
import { isConfirmed } from '../cluster/standing.ts'
import type { Tombstones } from '../cluster/tombstones.ts'
import { fieldManager } from '../field-manager.ts'
import { sealerOf } from '../join-token/issued-token.ts'
import { decideRoll, type RollDecision, type RollObservation, rolledKeys } from './roll.decide.ts'
import { identityOf, readKeys, type StoredKeys } from './stored-keys.ts'

export interface RollDeps {
  readonly client: KubeClient
  /** Follows the Secret of the keys. */
  readonly secrets: Informer<Secret>
  readonly clusters: Informer<Cluster>
  /** The join-token Secrets. */
  readonly tokens: Informer<Secret>
  readonly tombstones: Pick<Tombstones, 'unheard'>
  /** UID of this cluster's `kube-system` namespace. */
  readonly primaryUid: string
  readonly clock: Clock
}

export function createRollReconciler(deps: RollDeps) {
  /** A Secret that somebody puts back as a whole does not name them any more. */
  const givenUp = new Set<string>()
  return async (key: ObjectKey, { log }: { log: Logger }): Promise<Outcome> => {
    const secret = deps.secrets.get(key)
    const keys = readKeys(secret)
    // Where there are none they are made, written back or called lost by the keeper.
    if (secret === undefined || keys === undefined) return { kind: 'done' }
    for (const kid of keys.compromised) givenUp.add(kid)
    const observed = observe(deps, secret, { ...keys, compromised: [...givenUp] })
    const decision = decideRoll(observed)
    if (decision.kind === 'nothing')
      return decision.afterMs === undefined ? { kind: 'done' } : { kind: 'again', afterMs: decision.afterMs }
    const rolled = rolledKeys(observed, decision, generateSigningKey)
    const { metadata, data } = patchPrimaryIdentity(identityOf(rolled, deps.primaryUid))
    const patch = { metadata: { ...metadata, resourceVersion: secret.metadata.resourceVersion }, data }
    await deps.client.mergePatch(secretKind, key, patch, { fieldManager })
    tell(log, decision, rolled)
    return { kind: 'done' }
  }
}

function observe(deps: RollDeps, { metadata }: Secret, keys: StoredKeys): RollObservation {
  return {
    keys,
    asked: metadata.annotations?.[annotations.rotate],
    members: deps.clusters.list().flatMap(trustedBy),
    former: deps.tombstones.unheard().map(({ primaryKeyId }) => primaryKeyId),
    pinned: keys.retired.length === 0 ? new Set() : pinnedBy(deps, keys),
    now: deps.clock.now(),
  }
}

/**
 * The key that a member has named; nothing for a Cluster that no member has ever been heard for. Of one that came back out of
 * a backup without its status nobody can tell: its member may trust the oldest.
 */
function trustedBy(cluster: Cluster): readonly (string | undefined)[] {
  if (cluster.spec.member === undefined) return []
  const named = cluster.status?.primaryKeyId
  return named !== undefined || isConfirmed(cluster) || isRestored(cluster) ? [named] : []
}

/** Which of the retired keys a stored join token was sealed with. */
function pinnedBy({ tokens, primaryUid }: RollDeps, { current, retired }: StoredKeys): ReadonlySet<string> {
  const keyring = createKeyring(primaryUid, { current, retired })
  const sealers = tokens.list().map(({ metadata }) => sealerOf(keyring, metadata.annotations)?.key.thumbprint)
  return new Set(sealers.filter((kid) => kid !== undefined))
}

function tell(log: Logger, decision: Exclude<RollDecision, { kind: 'nothing' }>, { current, next }: StoredKeys): void {
  const kids = { current: current.thumbprint, next: next?.key.thumbprint }
  switch (decision.kind) {
    case 'announce':
      log.info(kids, 'the next signing key is announced')
      return
    case 'promote':
      log.info(kids, 'the next signing key has become the current one')
      return
    case 'drop':
      log.info({ ...kids, dropped: decision.kids }, 'retired signing keys are dropped: nobody trusts them any more')
      return
    case 'give-up':
      log.warn({ ...kids, dropped: decision.kids }, 'compromised signing keys are given up')
  }
}
