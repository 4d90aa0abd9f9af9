/**
 * Runs before `npm start` and `npm test`: installs the packages when they are missing or outdated and makes sure that
 * what follows runs on Node 24. It must itself run on Node 20 without any package, hence plain JavaScript; it must
 * install nothing outside of this directory.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const oldestNode = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockfile = join(root, 'package-lock.json')
// npm writes this copy of the lockfile last, so an install that was interrupted counts as missing.
const installedLockfile = join(root, 'node_modules/.package-lock.json')
const bundledNode = join(root, 'node_modules/.bin/node')

/**
 * Resolves when no other process installs into this directory, with the lock held until this process ends. The name of
 * a socket in Linux's abstract namespace is given to one process and taken back by the kernel when that process ends.
 */
async function lock() {
  if (process.platform !== 'linux') return
  const name = `\0conjoin-setup-${createHash('sha256').update(root).digest('hex').slice(0, 32)}`
  while (!(await listen(name))) {
    console.log('waiting for another process, which is installing the packages')
    await closed(name)
  }
}

/** False when another process has the name. */
async function listen(name) {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.on('error', () => undefined).unref())
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(false) : reject(error)))
    server.listen(name, () => resolve(true)).unref()
  })
}

async function closed(name) {
  return new Promise((resolve) => {
    // An error (the other process has just ended) is followed by 'close' too.
    connect(name)
      .on('error', () => undefined)
      .once('close', resolve)
  })
}

/** Why the packages must be installed, or undefined when they are up to date. */
function reasonToInstall() {
  if (!existsSync(installedLockfile)) return 'node_modules is missing or incomplete'
  if (statSync(installedLockfile).mtimeMs < statSync(lockfile).mtimeMs) return 'package-lock.json has changed'
  return undefined
}

/** Ends this process with npm's exit code when the installation fails. */
function install(reason) {
  console.log(`${reason}: installing the packages of package-lock.json into node_modules (npm ci)`)
  // Only errors: its warnings are about the Node that installs, not about the one that runs what follows.
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: 'inherit' })
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

if (reasonToInstall()) {
  await lock()
  // Asked again: the process that we waited for may have done it.
  const reason = reasonToInstall()
  if (reason) install(reason)
}

const version = versionOfScripts()
if (Number.parseInt(version.slice(1), 10) < oldestNode) {
  fail(
    `conjoin needs Node ${oldestNode} or newer and found ${version}. Ways out:\n` +
      `  - on Linux (x64 or arm64): remove node_modules and run this again without --omit=optional; npm then brings Node ${oldestNode}\n` +
      `  - install Node ${oldestNode} or newer and put it first in PATH`,
  )
}
