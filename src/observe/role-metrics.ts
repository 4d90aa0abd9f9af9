/** The metrics that both roles have: requests to the API server, controllers, caches, the lease. */
import type { RequestMetrics, RoleMetrics } from '../lib/metrics.ts'
import type { Instruments } from './instruments.ts'

export function createRoleMetrics({ counter, gauge, stopwatch }: Instruments): RoleMetrics & RequestMetrics {
  const requests = counter({
    name: 'conjoin_kube_requests_total',
    help: 'Requests to the Kubernetes API, by HTTP status; code 0: no answer came.',
    labels: ['verb', 'resource', 'code'],
  })
  const requestTime = stopwatch({
    name: 'conjoin_kube_request_duration_seconds',
    help: 'Time until the Kubernetes API answers; of a watch, until it accepts.',
    labels: ['verb'],
  })
  const reconciles = counter({
    name: 'conjoin_reconciles_total',
    help: 'Reconciles by outcome: done; again: done, and due once more later; conflict: met another writer; retry: failed, tried again; terminal: failed for good.',
    labels: ['controller', 'outcome'],
  })
  const reconcileTime = stopwatch({
    name: 'conjoin_reconcile_duration_seconds',
    help: 'Time that a reconcile takes.',
    labels: ['controller'],
  })
  const lists = counter({
    name: 'conjoin_informer_lists_total',
    help: 'Times that a cache was read anew as a whole: at the start, and after an outage.',
    labels: ['resource'],
  })
  const watches = counter({
    name: 'conjoin_informer_watches_total',
    help: 'Watches that a cache has begun; an undisturbed one lasts 5 to 10 minutes.',
    labels: ['resource'],
  })
  const queues = new Map<string, () => number>()
  gauge(
    {
      name: 'conjoin_queue_depth',
      help: 'Keys that wait for a worker; of a process that does not lead, those that will wait for it.',
      labels: ['controller'],
    },
    () => [...queues].map(([controller, size]) => [size(), { controller }]),
  )
  let isLeader = false
  gauge(
    { name: 'conjoin_leader', help: 'Whether this process holds the lease of its role: it alone reconciles.' },
    () => [[isLeader ? 1 : 0, {}]],
  )

  return {
    request({ verb, resource }) {
      const stop = requestTime({ verb })
      return (status) => {
        stop()
        requests.inc({ verb, resource, code: String(status) })
      }
    },
    reconcile(controller) {
      const stop = reconcileTime({ controller })
      return (outcome) => {
        stop()
        reconciles.inc({ controller, outcome })
      }
    },
    queue: (controller, size) => void queues.set(controller, size),
    listed: (resource) => lists.inc({ resource }),
    watched: (resource) => watches.inc({ resource }),
    leads(now) {
      isLeader = now
    },
  }
}
