/** The licences of the packages whose code a bundle holds. Reads them where they are installed; judges none of them. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const textFile = /^(licen[cs]e|unlicense|copying|notice)(\.|$)/i

/**
 * One chapter for each package that one of `modules` (paths below `root`) belongs to: name, version, licence, and its
 * own texts. Throws where a package names no licence.
 */
export function licenceTexts(root: string, modules: readonly string[]): string {
  const packages = new Set(modules.flatMap((path) => packageOf(path) ?? []))
  return [...packages]
    .toSorted()
    .map((directory) => chapter(join(root, directory)))
    .join('\n')
}

/** `node_modules/@scope/name` of a module, the innermost where packages are nested; undefined for our own. */
function packageOf(path: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0]
}

function chapter(directory: string): string {
  const manifest = readFileSync(join(directory, 'package.json'), 'utf8')
  const { name, version, license } = JSON.parse(manifest) as { name: string; version: string; license?: string }
  if (license === undefined) throw new Error(`the package ${name} names no licence`)
  const files = readdirSync(directory).filter((file) => textFile.test(file))
  const texts = files.toSorted().map((file) => readFileSync(join(directory, file), 'utf8').trim())
  return [`${'='.repeat(80)}\n${name} ${version}: ${license}`, ...texts, ''].join('\n\n')
}
