/** What a running role tells of itself: the versions of objects that it has handled, and its /readyz. */
import type { KubeObject } from '../../src/kube/objects.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { until } from './until.ts'

/** The fence of a test for "nothing happens": the role, logging at debug, has handled this very version. */
export async function handled(role: RoleProcess, controller: string, object: KubeObject | undefined): Promise<void> {
  const { name, resourceVersion } = object?.metadata ?? {}
  await role.logged(
    `the controller ${controller} has handled version ${resourceVersion} of ${name}`,
    (line) =>
      resourceVersion !== undefined &&
      line.msg === 'reconciled' &&
      line['controller'] === controller &&
      line['resourceVersion'] === resourceVersion,
  )
}

/** The same for a deletion of mc-join, which `remove` asks for: a secondary has looked afterwards and found none. */
export async function handledWithoutMcJoin(secondary: RoleProcess, remove: () => Promise<unknown>): Promise<void> {
  const looks = () =>
    secondary.lines().filter(({ msg, ...line }) => msg === 'reconciled' && line['resourceVersion'] === undefined)
  const before = looks().length
  await remove()
  await until('the secondary has seen that mc-join is gone', async () => looks().length > before)
}

/** The primary has answered one of its heartbeats: since the process has started, at least one. */
export async function heartbeatAnswered(secondary: RoleProcess): Promise<void> {
  await secondary.logged(
    'a heartbeat is answered',
    ({ msg, word, code }) => msg === 'heartbeat' && word === 'ok' && code === undefined,
  )
}

export interface Readiness {
  readonly status: number
  /** `ok`, or a reason on each line. */
  readonly text: string
}

/** What /readyz answers now. */
export async function readiness(role: RoleProcess): Promise<Readiness> {
  const { adminPort } = await role.logged('it names its admin port', (line) => typeof line['adminPort'] === 'number')
  const response = await fetch(`http://127.0.0.1:${String(adminPort)}/readyz`)
  return { status: response.status, text: (await response.text()).trimEnd() }
}
