/** `clusters --watch`: the table once, then each row again that says something new. Ends with Ctrl-C only. */
import type { Cluster } from '../../api/cluster.ts'
import { tableText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { clusterColumns, isTimeColumn } from './clusters-table.ts'

export interface Rows {
  readonly clusters: readonly Cluster[]
  /** One for each. */
  readonly rows: readonly (readonly string[])[]
}

/** When a cluster was last heard changes outside its object, so that a watch of the API would not tell. Milliseconds. */
const lookEvery = 2_000

/** Rejects with the signal's reason when interrupted. */
export async function watchRows(
  { print, say, clock, signal }: Pick<Surroundings, 'print' | 'say' | 'clock' | 'signal'>,
  read: () => Promise<Rows>,
  wide: boolean,
): Promise<never> {
  let known: ReadonlyMap<string, string> | undefined
  while (true) {
    const { rows } = await read()
    const [heading = '', ...lines] = tableText(clusterColumns(wide), rows).trimEnd().split('\n')
    if (known === undefined) print(`${heading}\n`)
    const now = new Map(rows.map((row) => [row[0] ?? '', contentOf(row)]))
    const news = lines.filter((_line, index) => known?.get(rows[index]?.[0] ?? '') !== contentOf(rows[index] ?? []))
    print(news.map((line) => `${line}\n`).join(''))
    for (const name of known?.keys() ?? []) if (!now.has(name)) say(`${name} is gone`)
    known = now
    await clock.sleep(lookEvery, signal)
  }
}

/** A row without what changes by itself. */
function contentOf(row: readonly string[]): string {
  return JSON.stringify(row.filter((_cell, index) => !isTimeColumn(index)))
}
