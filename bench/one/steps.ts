/** The steps of a join that the two API servers see, in the order in which the protocol makes them. */
import { mcClusterInfoName } from '../../src/api/mc-cluster-info.ts'
import { mcIdentityName } from '../../src/api/mc-identity.ts'
import { mcJoinConfigName, mcJoinName } from '../../src/api/mc-join.ts'
import { mcJoinStatusName } from '../../src/api/mc-join-status.ts'
import type { Step } from '../measure/phases.ts'
import type { SidedRequest } from './single-join.ts'

type Matches = (request: SidedRequest) => boolean

/** `name` is left out where every one of the resource is meant. */
function on(side: SidedRequest['side'], verb: string, resource: string, name?: string): Matches {
  const [plural, subresource = ''] = resource.split('/')
  return (request) =>
    request.side === side &&
    request.verb === verb &&
    request.resource === plural &&
    request.subresource === subresource &&
    (name === undefined || request.name === name)
}

const secretsRead = [mcJoinName, mcJoinStatusName, mcClusterInfoName, mcIdentityName].map((name) =>
  on('secondary', 'get', 'secrets', name),
)
const configRead = on('secondary', 'get', 'configmaps', mcJoinConfigName)

export const steps: readonly Step<SidedRequest>[] = [
  {
    until: 'user → API server: mc-join',
    what: 'mc-join is stored',
    requests: [on('secondary', 'create', 'secrets', mcJoinName)],
  },
  { until: 'watch → secondary', what: 'secondary reads its five objects', requests: [...secretsRead, configRead] },
  {
    until: 'secondary judges what it has read',
    what: 'Joining is said; the role is checked, the key stored',
    requests: [
      on('secondary', 'patch', 'secrets', mcJoinStatusName),
      on('secondary', 'list', 'clusters'),
      on('secondary', 'patch', 'secrets', mcIdentityName),
    ],
  },
  {
    until: 'challenge; request to join, and its proofs',
    what: 'primary reads the join token',
    requests: [on('primary', 'get', 'secrets')],
  },
  {
    until: 'primary decides',
    what: 'Cluster and its Bootstrap are created',
    requests: [on('primary', 'create', 'clusters'), on('primary', 'create', 'bootstraps')],
  },
  {
    until: 'result: sealed, sent, opened',
    what: 'secondary reads mc-join once more',
    requests: [on('secondary', 'get', 'secrets', mcJoinName), configRead],
  },
  {
    until: 'secondary compares',
    what: 'mc-identity is stored with the membership',
    requests: [on('secondary', 'patch', 'secrets', mcIdentityName)],
  },
  {
    until: 'between these two',
    what: 'mc-cluster-info is stored',
    requests: [on('secondary', 'patch', 'secrets', mcClusterInfoName)],
  },
  {
    until: 'first heartbeat and its proof',
    what: 'Cluster status says Joined',
    requests: [on('primary', 'patch', 'clusters/status')],
  },
  {
    until: 'reply: signed, sent, opened',
    what: 'mc-join-status says Joined',
    requests: [on('secondary', 'patch', 'secrets', mcJoinStatusName)],
  },
]

/** What follows the last of them. */
export const lastPhase = 'watch → user'
