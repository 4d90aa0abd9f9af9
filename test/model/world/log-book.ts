/** Everything that the programs of a world have logged, kept to be searched. */
import type { Logger } from '../../../src/lib/logger.ts'

export interface LogLine {
  readonly at: number
  readonly from: string
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface LogBook {
  readonly lines: readonly LogLine[]
  loggerFor(from: string): Logger
}

export function createLogBook(elapsed: () => number): LogBook {
  const lines: LogLine[] = []

  function bound(from: string, bindings: object): Logger {
    const at = (level: LogLine['level']) => (fields: object, message: string) =>
      void lines.push({ at: elapsed(), from, level, message, fields: { ...bindings, ...fields } })
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => bound(from, { ...bindings, ...more }),
    }
  }

  return { lines, loggerFor: (from) => bound(from, {}) }
}

/** As text, errors with all that they carry. */
export function textOf({ message, fields }: LogLine): string {
  return JSON.stringify({ message, ...fields }, (_name, value: unknown) =>
    value instanceof Error
      ? Object.fromEntries(Object.getOwnPropertyNames(value).map((key) => [key, Reflect.get(value, key)]))
      : value,
  )
}
