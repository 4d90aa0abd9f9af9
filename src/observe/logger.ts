/** The process's log: JSON lines on standard output. Secrets are `Redacted` long before they could come here. */
import { destination, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'

export function createLogger(options: { level: string; role: string }): PinoLogger {
  // Written at once: what waits in memory for a reader that has gone would keep the process from ending.
  const output = destination({ fd: 1, sync: true })
  return pino({ level: options.level, base: { role: options.role }, timestamp: stdTimeFunctions.isoTime }, output)
}
