/** A logger that keeps what it is told, and lets a test wait for a line. */
import type { Logger } from '../../../src/lib/logger.ts'

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface RecordingLog {
  readonly log: Logger
  readonly lines: readonly LogLine[]
  /** The first line, past or future, that matches. */
  readonly line: (matches: (line: LogLine) => boolean) => Promise<LogLine>
}

export function createRecordingLog(): RecordingLog {
  const lines: LogLine[] = []
  let waiting: { matches: (line: LogLine) => boolean; resolve: (line: LogLine) => void }[] = []

  function take(line: LogLine): void {
    lines.push(line)
    for (const waiter of waiting) if (waiter.matches(line)) waiter.resolve(line)
    waiting = waiting.filter((waiter) => !waiter.matches(line))
  }

  function bound(bindings: object): Logger {
    const at = (level: LogLine['level']) => (fields: object, message: string) =>
      take({ level, message, fields: { ...bindings, ...fields } })
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => bound({ ...bindings, ...more }),
    }
  }

  return {
    log: bound({}),
    lines,
    async line(matches) {
      const past = lines.find(matches)
      if (past !== undefined) return past
      const future = Promise.withResolvers<LogLine>()
      waiting.push({ matches, resolve: future.resolve })
      return future.promise
    },
  }
}
