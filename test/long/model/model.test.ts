/**
 * The model, for long: ten thousand worlds, the same ones each time. MODEL_WORLDS looks at more of them, MODEL_SEED at
 * others. What it finds is told with the seed, so that it can be run again.
 */
import assert from 'node:assert/strict'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from '../../../tools/controlplane/run.ts'

/** A world takes about a tenth of a second of one core. */
const worlds = Number(process.env['MODEL_WORLDS'] ?? 10_000)
/** A world is short-lived garbage: one thread collects it at less cost than several. */
const flags = ['--single-threaded-gc', '--max-semi-space-size=64']
/** What is signed and verified is waited for: more threads only hand it over to each other. */
const oneThread = { UV_THREADPOOL_SIZE: '1' }
const main = join(import.meta.dirname, '../../model/main.ts')
const processes = Math.min(availableParallelism(), 4)

describe('the model, for long', { timeout: 2_700_000 }, () => {
  const first = Number(process.env['MODEL_SEED'] ?? 1)

  it(`keeps every law in ${worlds} worlds from seed ${first} on`, async (context) => {
    context.diagnostic(`MODEL_SEED=${first}`)
    const count = Math.ceil(worlds / processes)
    const runs = Array.from({ length: processes }, async (_, index) => {
      const args = [...flags, main, '--from', String(first + index * count), '--count', String(count)]
      return run(process.execPath, args, { input: '', env: { ...process.env, ...oneThread } })
    })
    const broken = (await Promise.all(runs)).filter(({ exitCode }) => exitCode !== 0)
    assert.equal(broken.length, 0, broken.map(({ stdout, stderr }) => stdout + stderr).join('\n'))
  })
})
