/** Composes what answers members: heartbeats, changes of key, leaves, and the lane that lets them through a flood. */
import type { ObjectKey } from '../../kube/objects.ts'
import { createBootIds } from '../heartbeat/boot-ids.ts'
import { createConfirmation } from '../heartbeat/confirmation.ts'
import { createHeartbeatService } from '../heartbeat/heartbeat-service.ts'
import { createMemberLabels } from '../labels/member-labels.ts'
import { createLeaveService } from '../leave/leave-service.ts'
import { createBuckets } from '../load/buckets.ts'
import { memberLoad, newsLoad, rekeyLoad } from '../load/limits.ts'
import { createMemberDesk } from '../member/member-desk.ts'
import { createMemberLane } from '../member/member-lane.ts'
import { countWaits } from '../observed.ts'
import { createRekeyService } from '../rekey/rekey-service.ts'
import { loadedKeyring } from '../state.ts'
import type { Core } from './core.ts'
import type { OperatorDeps } from './deps.ts'

export type Members = ReturnType<typeof composeMembers>

/** `wakeCluster` is called where the status of a Cluster may be out of date. */
export function composeMembers(deps: OperatorDeps, core: Core, wakeCluster: (key: ObjectKey) => void) {
  const { client, metrics, clock, log } = deps
  const { clusters, identity, events, tombstones, suspect, interval, serving, told } = core
  const newsPace = () => createBuckets(newsLoad, clock)
  const memberPace = (limit: 'member-key' | 'lane') => countWaits(createBuckets(memberLoad, clock), limit, metrics)

  const confirmation = createConfirmation({ ...core, client, onNews: wakeCluster, pace: newsPace(), clock })
  const labels = createMemberLabels({ ...deps, events, pace: newsPace() })
  core.informers.clusters.onChange(({ type, object }) => {
    if (type === 'deleted') labels.forget(object.metadata.name)
  })
  const desk = createMemberDesk({
    keyring: () => loadedKeyring(identity.keyring()),
    issuerNamed: identity.issuerNamed,
    pace: memberPace('member-key'),
    clock,
  })
  const common = { client, desk, clusters, tombstones, events, suspect, interval, clock, log }
  return {
    confirmation,
    lane: createMemberLane({ clusters, pace: memberPace('lane') }),
    services: {
      heartbeats: createHeartbeatService({
        ...common,
        serving,
        confirmation,
        bootIds: createBootIds(clock),
        elsewhere: (uid) => told.run(uid),
        labels,
      }),
      rekeys: createRekeyService({ ...common, pace: createBuckets(rekeyLoad, clock) }),
      leaves: createLeaveService(common),
    },
  }
}
