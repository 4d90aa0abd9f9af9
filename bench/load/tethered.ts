/** A module of this folder as a process of its own, which ends when this one does, however that ends. */
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'

const tether = join(import.meta.dirname, '../../tools/tether.mjs')

/** Messages are copied as structured clones: maps, dates and bytes pass too. */
export function forkTethered(module: string): ChildProcess {
  return fork(join(import.meta.dirname, module), { execArgv: ['--import', tether], serialization: 'advanced' })
}
