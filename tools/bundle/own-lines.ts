/** Keeps the lines of packages out of a bundle's source map, which Node holds in memory: most of the bundle is theirs. */
import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/**
 * A source map for a module of a package: esbuild looks up each place of the module in it. The only place that it knows is
 * column 2²⁹ of the first line, where nothing is; a map without any place would be passed over.
 */
const map = { version: 3, sources: [''], mappings: 'ggggggBAAA' }
const comment = `\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify(map)).toString('base64')}`

/** The comment stands below any that the module has itself: the last one counts. */
export const ownLinesOnly: Plugin = {
  name: 'own-lines-only',
  setup(build) {
    build.onLoad({ filter: /\/node_modules\/.*\.[cm]?js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')) + comment,
      loader: 'js',
    }))
  },
}
