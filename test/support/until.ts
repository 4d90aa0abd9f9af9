/** Waits for what must become true; the hang limit is no part of what a test asserts. */
import { setTimeout as delay } from 'node:timers/promises'

const hangLimitMs = 120_000
const askEveryMs = 50

/** The first answer of `probe` that is neither undefined nor false. Throws after two minutes, with the last error. */
export async function until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + hangLimitMs
  let lastError: unknown
  while (performance.now() < deadline) {
    try {
      const answer = await probe()
      if (answer !== undefined && answer !== false) return answer
    } catch (error) {
      lastError = error
    }
    await delay(askEveryMs)
  }
  throw new Error(`waited ${hangLimitMs / 1000} s for this: ${what}`, { cause: lastError })
}
