/** The process's log: JSON lines on standard output. Secrets are `Redacted` long before they could come here. */
import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino'

export function createLogger(options: { level: string; role: string }): PinoLogger {
  return pino({ level: options.level, base: { role: options.role }, timestamp: stdTimeFunctions.isoTime })
}
