/** What a scrape shows, for tests to look at. */
import type { RoleProcess } from '../../tools/role-process.ts'

/** The samples of our own metrics, by name and labels as Prometheus writes them; the label `role` is left out. */
export type Samples = Readonly<Record<string, number>>

export function samplesOf(exposition: string): Samples {
  const lines = exposition.split('\n').filter((line) => line.startsWith('conjoin_'))
  return Object.fromEntries(
    lines.map((line) => {
      const cut = line.lastIndexOf(' ')
      const sample = line.slice(0, cut).replace(/role="[a-z]+",|,?role="[a-z]+"/, '')
      return [sample.replace('{}', ''), Number(line.slice(cut + 1))] as const
    }),
  )
}

/** The sum of all samples of this metric whose labels match. */
export function total(samples: Samples, name: string, labels = /(?:)/): number {
  return Object.entries(samples)
    .filter(([sample]) => (sample === name || sample.startsWith(`${name}{`)) && labels.test(sample))
    .reduce((sum, [, value]) => sum + value, 0)
}

/** The exposition of a running role, as it came. */
export async function scrape(role: RoleProcess): Promise<string> {
  const { adminPort } = await role.logged('it names its admin port', (line) => typeof line['adminPort'] === 'number')
  const response = await fetch(`http://127.0.0.1:${String(adminPort)}/metrics`)
  return response.text()
}
