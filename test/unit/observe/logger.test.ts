import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'

const logger = join(import.meta.dirname, '../../../src/observe/logger.ts')

/** Milliseconds; only a process that hangs takes so long. */
const timeout = 20_000

/** A process that logs three lines when its channel closes, and then wants to end with 3. */
const program = `
  import { createLogger } from ${JSON.stringify(logger)}
  const log = createLogger({ level: 'info', role: 'primary' })
  process.once('disconnect', () => {
    for (const line of [1, 2, 3]) log.info({ line }, 'going')
    process.exit(3)
  })
  process.send('ready')
`

/** Started, and waiting for its channel to close. */
async function start() {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
  await once(child, 'message')
  return child
}

describe('the log', () => {
  it('has its role, its level and its time on each line, and lies whole when the process ends', {
    timeout,
  }, async () => {
    const child = await start()
    assert.ok(child.stdout)
    const printed = text(child.stdout)
    const ended = once(child, 'exit')
    child.disconnect()
    assert.deepEqual(await ended, [3, null])
    const lines = (await printed).trimEnd().split('\n')
    const parsed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    assert.deepEqual(
      parsed.map(({ role, level, msg, line }) => ({ role, level, msg, line })),
      [1, 2, 3].map((line) => ({ role: 'primary', level: 30, msg: 'going', line })),
    )
    for (const { time } of parsed) assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  it('lets the process end although nobody reads it any more', { timeout }, async (t) => {
    const child = await start()
    t.after(() => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    child.stdout?.destroy()
    child.disconnect()
    assert.deepEqual(await ended, [3, null])
  })
})
