/**
 * The primary's own end of TLS over its life: the certificate is loaded or made at the start, taken over where somebody
 * replaces its Secret, and looked after by the leader. Only for a primary that ends TLS itself.
 */
import type { KubeClient } from '../../kube/client.ts'
import type { Outcome } from '../../kube/controller.ts'
import type { Informer } from '../../kube/informer.ts'
import type { ObjectKey, Secret } from '../../kube/objects.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { createServedCertificate, type ServedCertificate } from './served-certificate.ts'
import { createRenewalReconciler, loadCertificate } from './tls-secret.ts'

export interface OwnTls {
  /** SHA-256 of the keys of the leaves that this replica shows; none before the certificate is loaded. */
  spki(): readonly string[]
  /** Throws `KubeApiError`, and `Error` where a Secret of our name holds no certificate that can be used. */
  load(): Promise<ServedCertificate>
  /** Shows what others put into the Secret, until aborted. */
  follow(signal: AbortSignal): Promise<void>
  /** The leader's work. */
  readonly renewal: (key: ObjectKey, context: { log: Logger }) => Promise<Outcome>
}

export interface OwnTlsDeps {
  readonly client: KubeClient
  /** Follows the one Secret; it is run here. */
  readonly secrets: Informer<Secret>
  readonly identityNamespace: string
  /** Tells people that the Secret holds nothing that can be shown. */
  readonly tellUnusable: (note: string) => void
  /** Takes the place of the Bootstrap's ingress URL. */
  readonly endpoint: string | undefined
  readonly clock: Clock
  readonly log: Logger
}

export function createOwnTls(deps: OwnTlsDeps): OwnTls {
  const { client, secrets, identityNamespace, endpoint, clock, log } = deps
  const hosts = ['localhost', ...(endpoint === undefined ? [] : [new URL(endpoint).hostname])]
  let served: ServedCertificate | undefined
  secrets.onChange(({ type, object }) => {
    if (type !== 'deleted') served?.take(object)
  })
  return {
    spki: () => served?.spki() ?? [],
    async load() {
      const first = await loadCertificate(client, { namespace: identityNamespace, hosts, now: clock.now() })
      served = createServedCertificate(first, { clock, log })
      return served
    },
    follow: async (signal) => secrets.run(signal),
    renewal: createRenewalReconciler({ ...deps, hosts }),
  }
}
