/** A logger that keeps nothing, for tests that look elsewhere. */
import type { Logger } from '../../../src/lib/logger.ts'

const nothing = () => undefined

export const silentLog: Logger = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
}
