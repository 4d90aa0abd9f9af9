/** What `npm run bench` is asked to do. */
import { parseArgs } from 'node:util'
import type { Section, Sizes } from './figures.ts'

/** What the page is made of. */
export const usualSizes: Sizes = { joins: [100, 1000, 5000], fleets: [1000, 10_000], singles: 200 }
/** Shows that everything runs, in two minutes. Two sizes each, so that growth has something to fit. */
export const quickSizes: Sizes = { joins: [10, 100], fleets: [20, 200], singles: 5 }

export interface Request {
  readonly sections: readonly Section[]
  readonly isQuick: boolean
  /** Put the results into the documentation. */
  readonly save: boolean
  /** The command that asks for the same again. */
  readonly command: string
}

/** Without a name all sections, and always in the order of `known`. Throws for a name or a flag that it does not know. */
export function readCommandLine(args: readonly string[], known: readonly Section[]): Request {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean', default: false }, save: { type: 'boolean', default: false } },
    allowPositionals: true,
  })
  const names = known.map(({ name }) => name)
  const unknown = positionals.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new Error(`there is no section ${unknown}; there are ${names.join(', ')}`)
  // The page would hold figures of fleets too small to mean anything.
  if (values.quick && values.save) throw new Error('a quick run is not worth saving: leave out --quick or --save')
  const sections = positionals.length === 0 ? known : known.filter(({ name }) => positionals.includes(name))
  const command = ['npm run bench', ...(args.length === 0 ? [] : ['--', ...args])].join(' ')
  return { sections, isQuick: values.quick, save: values.save, command }
}
