/** How long a role's event loop made others wait, by its own metrics, which begin anew with each scrape. */
import type { RoleProcess } from '../../tools/role-process.ts'

/** Milliseconds. */
export interface Lag {
  readonly p99: number
  readonly max: number
}

/** Since the scrape before. */
export async function eventLoopLag(role: RoleProcess): Promise<Lag> {
  const text = await scrape(role)
  const seconds = (name: string) => Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds\\{[^}]*\\} (.+)$`, 'm').exec(text)?.[1])
  return { p99: seconds('p99') * 1000, max: seconds('max') * 1000 }
}

async function scrape(role: RoleProcess): Promise<string> {
  const { adminPort } = await role.logged('it names its admin port', (line) => typeof line['adminPort'] === 'number')
  const response = await fetch(`http://127.0.0.1:${String(adminPort)}/metrics`)
  return response.text()
}
