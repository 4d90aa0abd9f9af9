/** Carries out what is decided for one join-token Secret. The only place where a token is made. */
import type { Cluster } from '../../api/cluster.ts'
import { annotations } from '../../api/group.ts'
import { encodeJoinTokenData } from '../../api/join-token-secret.ts'
import type { Reason } from '../../api/reasons.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import type { EventRecorder } from '../../kube/events.ts'
import type { Informer } from '../../kube/informer.ts'
import { keyOf, type ObjectKey, type Secret, secretKind } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { issueToken, maskedToken } from '../../protocol/token.ts'
import { fieldManager } from '../field-manager.ts'
import type { ServingPrimary } from '../state.ts'
import { pinsLostKey, readIssued, recordIssued } from './issued-token.ts'
import { decideJoinToken, type JoinTokenDecision, keyGivenUp } from './join-token.decide.ts'

export interface JoinTokenDeps {
  readonly client: KubeClient
  readonly secrets: Informer<Secret>
  readonly clusters: Informer<Cluster>
  /** Undefined before the primary can serve. */
  readonly serving: () => ServingPrimary | undefined
  readonly events: EventRecorder
  readonly clock: Clock
}

export function createJoinTokenReconciler(deps: JoinTokenDeps) {
  return async (key: ObjectKey, { log }: { log: Logger }): Promise<Outcome> => {
    const secret = deps.secrets.get(key)
    if (secret === undefined) return { kind: 'done' }
    const primary = deps.serving()
    const id = secret.metadata.annotations?.[annotations.tokenId]
    const isForeign = primary !== undefined && readIssued(primary.keyring, secret.metadata.annotations) === undefined
    const decision = decideJoinToken({
      secret,
      endpoint: primary?.endpoint,
      isForeign,
      pinsLostKey: isForeign && pinsLostKey(primary.keyring, secret.metadata.annotations),
      admitted: id === undefined ? [] : deps.clusters.by('token', id),
      now: deps.clock.now(),
    })
    await act(deps, secret, primary, decision, log)
    return decision.kind === 'later' ? { kind: 'again', afterMs: decision.afterMs } : { kind: 'done' }
  }
}

async function act(
  deps: JoinTokenDeps,
  secret: Secret,
  primary: ServingPrimary | undefined,
  decision: JoinTokenDecision,
  log: Logger,
): Promise<void> {
  switch (decision.kind) {
    case 'nothing':
    case 'later':
      return
    case 'issue': {
      if (primary === undefined) return
      const { endpoint, settings } = decision
      const issuer = primary.keyring.current
      const token = issueToken({ uid: issuer.uid, key: issuer.key, endpoints: [endpoint] })
      const expiry = settings.expiresAt
      await patch(deps.client, secret, {
        data: encodeJoinTokenData({ endpoint, token: token.text }),
        metadata: {
          annotations: {
            ...recordIssued(issuer, token),
            ...(expiry === undefined ? {} : { [annotations.expiresAt]: new Date(expiry).toISOString() }),
          },
        },
      })
      log.info({ token: maskedToken(token.id) }, 'join token issued')
      return
    }
    case 'move':
      await patch(deps.client, secret, { data: { endpoint: Buffer.from(decision.endpoint).toString('base64') } })
      return
    case 'redact': {
      const { endpoint } = decision
      await patch(deps.client, secret, { data: encodeJoinTokenData({ endpoint }) })
      log.info({ token: maskedToken(secret.metadata.annotations?.[annotations.tokenId] ?? '') }, 'join token blanked')
      return
    }
    case 'count':
      await patch(deps.client, secret, {
        metadata: {
          annotations: { [annotations.uses]: String(decision.uses), [annotations.lastUsed]: decision.lastUsed ?? null },
        },
      })
      return
    case 'report':
      await patch(deps.client, secret, {
        metadata: { annotations: { [annotations.tokenError]: decision.fault ?? null } },
      })
      if (decision.fault !== undefined)
        deps.events.record({
          regarding: secret,
          type: 'Warning',
          reason: reasonOf(decision.fault),
          note: decision.fault,
        })
  }
}

function reasonOf(fault: string): Reason {
  return fault === keyGivenUp ? 'TokenKeyRetired' : 'TokenNotIssued'
}

/** Bound to the version that was looked at: what a user has just changed or deleted is looked at again first. */
async function patch(
  client: KubeClient,
  secret: Secret,
  change: { readonly data?: object; readonly metadata?: object },
): Promise<void> {
  const metadata = { ...change.metadata, resourceVersion: secret.metadata.resourceVersion }
  await client.mergePatch(secretKind, keyOf(secret), { ...change, metadata }, { fieldManager })
}
