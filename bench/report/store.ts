/** Where results lie: the page, and beside it a folder with the JSON of all results and the pictures of their curves. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pageWith, pictureFolder } from './page.ts'
import { curvesOf, formatResults, parseResults, type Results } from './results.ts'
import { lineChart } from './svg.ts'

export interface ResultStore {
  readonly page: string
  /** Nothing where none has been saved yet. */
  read(): Promise<Results>
  /** Writes the results, the pictures of their curves and no other, and the page around them. */
  write(results: Results): Promise<void>
}

/** Keeps results in `directory`; `template` is the page whose generated parts they fill. */
export function resultStore(directory: string, template: string): ResultStore {
  const page = join(directory, 'benchmarks.md')
  const folder = join(directory, pictureFolder)
  const json = join(folder, 'results.json')
  return {
    page,
    async read() {
      return existsSync(json) ? parseResults(await readFile(json, 'utf8')) : []
    },
    async write(results) {
      const text = pageWith(await readFile(template, 'utf8'), results)
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder, { recursive: true })
      await writeFile(json, formatResults(results))
      for (const curve of curvesOf(results)) await writeFile(join(folder, `${curve.id}.svg`), lineChart(curve))
      await writeFile(page, text)
    },
  }
}
