import assert from 'node:assert/strict'
import { describe, it, mock } from 'node:test'
import * as fc from 'fast-check'
import { createWorkQueue, type WorkQueue } from '../../../src/kube/workqueue.ts'
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts'
import { type Answer, WorkQueueModel } from './workqueue-model.ts'

type Step =
  | { readonly kind: 'add' | 'forget'; readonly key: string }
  | { readonly kind: 'add-after'; readonly key: string; readonly ms: number }
  | { readonly kind: 'add-rate-limited'; readonly key: string; readonly atLeastMs: number; readonly random: number }
  | { readonly kind: 'take' | 'shut-down' }
  /** Of the keys in somebody's hands, this one in their order; nothing where nobody holds a key. */
  | { readonly kind: 'done'; readonly which: number }
  | { readonly kind: 'advance'; readonly ms: number }

const key = fc.constantFrom('a', 'b', 'c')
const ms = fc.oneof(fc.nat(30), fc.constantFrom(1000, 150_000, 300_000))
const useOfQueue: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('add'), key }),
  fc.record({ kind: fc.constant('add-after'), key, ms }),
  fc.record({
    kind: fc.constant('add-rate-limited'),
    key,
    atLeastMs: fc.constantFrom(0, 20),
    random: fc.constantFrom(0, 0.5, 1),
  }),
  fc.record({ kind: fc.constant('forget'), key }),
  fc.record({ kind: fc.constant('take') }),
  fc.record({ kind: fc.constant('done'), which: fc.nat(2) }),
  fc.record({ kind: fc.constant('advance'), ms }),
)
const uses = fc.array(useOfQueue, { maxLength: 40, size: 'max' })
const shutDown: Step = { kind: 'shut-down' }

/** The queue, with the answers of its takes in their order. */
function startQueue() {
  const clock = createManualClock()
  const queue = createWorkQueue({ clock })
  const answers: Answer[] = []
  async function take(): Promise<void> {
    const index = answers.push({ kind: 'none' }) - 1
    const taken = await queue.take()
    answers[index] = taken === undefined ? { kind: 'end' } : { kind: 'key', key: taken }
  }
  return { clock, queue, answers, take }
}

async function perform(
  step: Step,
  { clock, queue, take }: { clock: ManualClock; queue: WorkQueue; take: () => Promise<void> },
  model: WorkQueueModel,
): Promise<void> {
  switch (step.kind) {
    case 'add':
      queue.add(step.key)
      return model.add(step.key)
    case 'add-after':
      queue.addAfter(step.key, step.ms)
      return model.addAfter(step.key, step.ms)
    case 'add-rate-limited': {
      const random = mock.method(Math, 'random', () => step.random)
      queue.addRateLimited(step.key, step.atLeastMs)
      random.mock.restore()
      return model.addRateLimited(step.key, step.atLeastMs, step.random)
    }
    case 'forget':
      queue.forget(step.key)
      return model.forget(step.key)
    case 'take':
      void take()
      return model.take()
    case 'done': {
      const held = model.working[step.which]
      if (held === undefined) return
      queue.done(held)
      return model.done(held)
    }
    case 'advance':
      await clock.advance(step.ms)
      return model.advance(step.ms)
    case 'shut-down':
      queue.shutDown()
      return model.shutDown()
  }
}

describe('the work queue, beside a naive model of it', () => {
  it('gives the same keys to the same takers, in whatever way it is used', async () => {
    await fc.assert(
      fc.asyncProperty(uses, uses, async (before, after) => {
        const real = startQueue()
        const model = new WorkQueueModel()
        for (const step of [...before, shutDown, ...after]) {
          await perform(step, real, model)
          // Lets the answers arrive, and what was wished for at once.
          await real.clock.advance(0)
          model.advance(0)
          assert.deepEqual(real.answers, model.answers)
          assert.equal(real.queue.size(), model.size)
          assert.equal(real.clock.pending(), model.wishes)
          assert.equal(new Set(model.working).size, model.working.length, 'one key in two hands')
        }
      }),
      { numRuns: 400 },
    )
  })
})
