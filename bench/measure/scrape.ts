/** What a role shows at its admin port, by the names of the metrics. */
import type { RoleProcess } from '../../tools/role-process.ts'

/** The value of a metric that has one line only; NaN where there is none. */
export type Scraped = (name: string) => number

export async function scrape(role: RoleProcess): Promise<Scraped> {
  const { adminPort } = await role.logged('it names its admin port', (line) => typeof line['adminPort'] === 'number')
  const response = await fetch(`http://127.0.0.1:${String(adminPort)}/metrics`)
  const text = await response.text()
  return (name) => Number(new RegExp(`^${name}\\{[^}]*\\} (.+)$`, 'm').exec(text)?.[1])
}
