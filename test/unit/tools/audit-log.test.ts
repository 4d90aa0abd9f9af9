/** The times of a record, by which a single request of a join is told from the next. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { AuditLog } from '../../../tools/controlplane/audit-log.ts'

it('reads when a request came and when it was answered to the microsecond', async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'audit-log-'))
  context.after(async () => rm(directory, { recursive: true }))
  const record = {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    auditID: 'one',
    stage: 'ResponseComplete',
    verb: 'get',
    requestURI: '/readyz',
    user: { username: 'somebody' },
    requestReceivedTimestamp: '2026-01-02T03:04:05.006007Z',
    stageTimestamp: '2026-01-02T03:04:05.060070Z',
  }
  const log = new AuditLog(join(directory, 'audit.jsonl'))
  await writeFile(log.path, `${JSON.stringify(record)}\n`)

  const [event] = await log.since(0)
  const second = Date.UTC(2026, 0, 2, 3, 4, 5)
  assert.equal(event?.receivedAt, second + 6.007)
  assert.equal(event.endedAt, second + 60.07)
})
