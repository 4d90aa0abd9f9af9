/** How long a role's event loop made others wait, by its own metrics, which begin anew with each scrape. */
import type { RoleProcess } from '../../tools/role-process.ts'
import { scrape } from './scrape.ts'

/** Milliseconds. */
export interface Lag {
  readonly p99: number
  readonly max: number
}

/** Since the scrape before. */
export async function eventLoopLag(role: RoleProcess): Promise<Lag> {
  const seconds = await scrape(role)
  return {
    p99: seconds('nodejs_eventloop_lag_p99_seconds') * 1000,
    max: seconds('nodejs_eventloop_lag_max_seconds') * 1000,
  }
}
