/**
 * Builds what users run: `dist/conjoin.mjs`, the program as one file, with its source map and the licences of what it
 * holds, and the launchers `dist/conjoin` and `dist/kubectl-conjoin`. The same sources give the same bytes, wherever
 * they lie.
 */
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'esbuild'
import { licenceTexts } from './bundle/licences.ts'
import { ownLinesOnly } from './bundle/own-lines.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const launchers = ['conjoin', 'kubectl-conjoin']

async function buildBundle(): Promise<void> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, 'src/main.ts')],
    absWorkingDir: root,
    outfile: join(dist, 'conjoin.mjs'),
    write: false,
    metafile: true,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Node holds the text of a program in memory, and one character outside Latin 1, in the comments of packages, doubles it.
    minifyWhitespace: true,
    sourcemap: 'linked',
    // A stack needs names and lines only, and every start reads the whole map.
    sourcesContent: false,
    plugins: [ownLinesOnly],
    // Where node_modules is a link, its paths are still the ones below this directory.
    preserveSymlinks: true,
    // Packages in CommonJS ask for Node's own modules by `require`, which a module does not have.
    banner: { js: "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)" },
    legalComments: 'linked',
    logLevel: 'warning',
  })
  const licences = `\n${licenceTexts(root, Object.keys(metafile.inputs))}`
  for (const { path, text } of outputFiles) {
    const isLegal = basename(path) === 'conjoin.mjs.LEGAL.txt'
    writeFileSync(path, isLegal ? text + licences : text)
  }
}

function writeLaunchers(): void {
  for (const name of launchers) {
    const file = join(dist, name)
    copyFileSync(join(root, 'tools/bundle/launcher.sh'), file)
    chmodSync(file, 0o755)
  }
}

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
await buildBundle()
writeLaunchers()
console.log(`built ${join(dist, 'conjoin.mjs')}, and the launchers ${launchers.join(' and ')} beside it`)
