/**
 * Runs before `npm start` and `npm test`: installs the packages when they are missing or outdated and makes sure that
 * what follows runs on Node 24. It must itself run on Node 20 without any package, hence plain JavaScript; it must
 * install nothing outside of this directory.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const oldestNode = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockfile = join(root, 'package-lock.json')
// npm writes this copy of the lockfile last, so an install that was interrupted counts as missing.
const installedLockfile = join(root, 'node_modules/.package-lock.json')
const bundledNode = join(root, 'node_modules/.bin/node')

/** Why the packages must be installed, or undefined when they are up to date. */
function reasonToInstall() {
  if (!existsSync(installedLockfile)) return 'node_modules is missing or incomplete'
  if (statSync(installedLockfile).mtimeMs < statSync(lockfile).mtimeMs) return 'package-lock.json has changed'
  return undefined
}

/** Ends this process with npm's exit code when the installation fails. */
function install(reason) {
  console.log(`${reason}: installing the packages of package-lock.json into node_modules (npm ci)`)
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit' })
  if (npm.error) fail(`npm could not be started: ${npm.error.message}`)
  if (npm.status !== 0) process.exit(npm.status ?? 1)
}

/** The version that `node` has in a script of this package, for example `v24.21.0`; npm finds node_modules/.bin first. */
function versionOfScripts() {
  if (!existsSync(bundledNode)) return process.version
  return spawnSync(bundledNode, ['--version'], { encoding: 'utf8' }).stdout?.trim() || process.version
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

const reason = reasonToInstall()
if (reason) install(reason)

const version = versionOfScripts()
if (Number.parseInt(version.slice(1), 10) < oldestNode) {
  fail(
    `conjoin needs Node ${oldestNode} or newer and found ${version}. Ways out:\n` +
      `  - on Linux (x64 or arm64): remove node_modules and run this again without --omit=optional; npm then brings Node ${oldestNode}\n` +
      `  - install Node ${oldestNode} or newer and put it first in PATH`,
  )
}
