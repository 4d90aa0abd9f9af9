/** How much memory is in use by what is still needed. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Collects garbage, and gives the bytes that are left on V8's heap. */
export function usedMemory(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // What the first one lets go of may hold more.
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
