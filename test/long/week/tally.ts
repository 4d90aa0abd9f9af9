/** What the replicas of a simulated week have written, by the API server's own record. */
import type { AuditLog } from '../../../tools/controlplane/audit-log.ts'

export interface Tally {
  /** Reads what has been recorded since the last time. */
  read(): Promise<void>
  /** How often each kind of write was asked for, by `verb resource/subresource`. */
  readonly writes: ReadonlyMap<string, number>
}

export async function tallyWrites(log: AuditLog, user: string): Promise<Tally> {
  const writes = new Map<string, number>()
  let mark = await log.mark()
  return {
    writes,
    async read() {
      const from = mark
      mark = await log.mark()
      for (const { verb, resource, subresource } of await log.writesSince(from, { user })) {
        const name = `${verb} ${[resource, subresource].filter(Boolean).join('/')}`
        writes.set(name, (writes.get(name) ?? 0) + 1)
      }
    },
  }
}
