/** Waiting for what somebody else does. It asks again and again: a command waits for seconds, and a watch may be forbidden. */
import type { Surroundings } from './surroundings.ts'

const askEveryMs = 250

/** The first answer that is not undefined; undefined after `timeoutMs`. Rejects when interrupted, or as `probe` does. */
export async function waitFor<T>(
  { clock, signal }: Pick<Surroundings, 'clock' | 'signal'>,
  timeoutMs: number,
  probe: () => Promise<T | undefined>,
): Promise<T | undefined> {
  const deadline = clock.monotonic() + timeoutMs
  for (;;) {
    const answer = await probe()
    if (answer !== undefined || clock.monotonic() >= deadline) return answer
    await clock.sleep(askEveryMs, signal)
  }
}
