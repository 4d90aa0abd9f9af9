/** Lets a number of jobs work at once and a number of others wait in order; whoever comes beyond that is turned away. */
import { ProtocolError } from '../../protocol/errors.ts'

export interface Gate {
  /** Runs the job when there is room. Throws `ProtocolError` `Busy` at once where too many wait already. */
  pass<T>(job: () => Promise<T>): Promise<T>
}

export function createGate(limits: { readonly working: number; readonly waiting: number }): Gate {
  const queue: (() => void)[] = []
  let working = 0

  /** Resolves with a place; a place that is left goes to the next in the queue without becoming free in between. */
  async function enter(): Promise<void> {
    if (working < limits.working) {
      working += 1
      return
    }
    if (queue.length >= limits.waiting) throw new ProtocolError('Busy', 'too many joins at once')
    await new Promise<void>((resolve) => queue.push(resolve))
  }

  function leave(): void {
    const next = queue.shift()
    if (next === undefined) working -= 1
    else next()
  }

  return {
    async pass(job) {
      await enter()
      try {
        return await job()
      } finally {
        leave()
      }
    },
  }
}
