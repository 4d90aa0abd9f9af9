/**
 * How much CPU time each of several things takes, measured side by side: they take turns in short batches, so that a
 * machine that slows down slows all of them alike. Knows nothing of what they do.
 */
import { median } from './statistics.ts'

/** Does its work once. */
export type Work = () => unknown

export interface Turns {
  readonly rounds: number
  /** CPU time of one batch, about, milliseconds. */
  readonly batchMs: number
}

/**
 * Microseconds of CPU time that each of `works` takes, in their order: of all threads of this process, as the kernel
 * accounts for it, the median over the rounds. What others do on the same core does not count.
 */
export async function cpuMicrosInTurn(works: readonly Work[], { rounds, batchMs }: Turns): Promise<readonly number[]> {
  const runners: { work: Work; count: number; found: number[] }[] = []
  for (const work of works) runners.push({ work, count: await batchOf(work, batchMs), found: [] })
  for (let round = 0; round < rounds; round += 1) {
    for (const { work, count, found } of runners) found.push((await cpuMicrosOf(work, count)) / count)
  }
  return runners.map(({ found }) => median(found))
}

/** How often it is done in a batch. Finding that out also warms it up. */
async function batchOf(work: Work, batchMs: number): Promise<number> {
  for (let count = 1; ; count *= 2) {
    const micros = await cpuMicrosOf(work, count)
    if (micros >= batchMs * 1000) return Math.max(Math.round((count * batchMs * 1000) / micros), 1)
  }
}

async function cpuMicrosOf(work: Work, count: number): Promise<number> {
  const before = process.cpuUsage()
  for (let done = 0; done < count; done += 1) await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
