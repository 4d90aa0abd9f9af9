/** An informer on the ConfigMaps of a namespace of its own, with what it tells and logs; it lives as long as its test. */
import type { TestContext } from 'node:test'
import type { KubeClient } from '../../src/kube/client.ts'
import { createInformer, type Informer, type InformerDeps } from '../../src/kube/informer.ts'
import { type ConfigMap, configMapKind, namespaceKind } from '../../src/kube/objects.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { createRecordingLog, type RecordingLog } from '../unit/kube/recording-log.ts'

export interface Follower extends Pick<RecordingLog, 'lines' | 'line'> {
  readonly informer: Informer<ConfigMap>
  /** `<type> <name>` of each change, in order. */
  readonly changes: string[]
}

/** Creates the namespace by `admin` and resolves when the informer has synced; `more` may hold another client or clock. */
export async function follow(
  context: TestContext,
  admin: KubeClient,
  namespace: string,
  more: Partial<InformerDeps<ConfigMap>> = {},
): Promise<Follower> {
  const { log, lines, line } = createRecordingLog()
  const stop = new AbortController()
  await admin.create(namespaceKind, { metadata: { name: namespace } })
  const deps = { client: admin, kind: configMapKind, namespace, clock: systemClock, log, ...more }
  const informer = createInformer<ConfigMap>(deps)
  const changes: string[] = []
  informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name}`))
  const running = informer.run(stop.signal)
  context.after(async () => {
    stop.abort()
    await running
  })
  await informer.synced(stop.signal)
  return { informer, changes, lines, line }
}

/** Resolves when the informer's content satisfies `condition`; asked again after every change. */
export async function untilHolds(informer: Informer<ConfigMap>, condition: () => boolean): Promise<void> {
  const reached = Promise.withResolvers<void>()
  const check = () => {
    if (condition()) reached.resolve()
  }
  informer.onChange(check)
  check()
  await reached.promise
}
