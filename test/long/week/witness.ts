/**
 * Hears every log of a simulated week without keeping it: how often each message came, and each word that ever stood in
 * one, for a search for secrets. It grows with what is new, not with time.
 */
import type { Logger } from '../../../src/lib/logger.ts'
import type { Journal } from './journal.ts'

export interface Witness {
  /** Hears under this name what `process` says; `listen` is called with each line. */
  logger(who: string, process: string, listen?: (message: string) => void): Logger
  /** How often each line has been heard, by `who level message`. */
  counts(): ReadonlyMap<string, number>
  /** Each word once, one a line. */
  words(): string
}

type Level = 'debug' | 'info' | 'warn' | 'error'

/** Said all the time, and no news to anybody. */
const everyday: ReadonlySet<string> = new Set(['heartbeat', 'reconciled', 'signing key loaded', 'watch interrupted'])
/** Shorter ones hold no secret, and are too many. */
const shortest = 12
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function createWitness(journal: Journal): Witness {
  const counts = new Map<string, number>()
  const words = new Set<string>()

  function hear(who: string, level: Level, message: string, fields: object): void {
    const line = `${who} ${level} ${message}`
    counts.set(line, (counts.get(line) ?? 0) + 1)
    // A fresh one in every line of a controller; they are no secrets.
    for (const word of textOf(fields).split(/[\s"]+/)) if (word.length >= shortest && !uuid.test(word)) words.add(word)
  }

  function logger(who: string, process: string, listen: (message: string) => void, bound: object): Logger {
    const at = (level: Level) => (fields: object, message: string) => {
      hear(who, level, message, { ...bound, ...fields })
      if (level !== 'debug' || !everyday.has(message)) journal.note(process, message, { ...bound, ...fields })
      listen(message)
    }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => logger(who, process, listen, { ...bound, ...more }),
    }
  }

  return {
    logger: (who, process, listen = () => undefined) => logger(who, process, listen, {}),
    counts: () => counts,
    words: () => [...words].join('\n'),
  }
}

/** With the messages of errors and their causes, as the product's own log has them. */
function textOf(fields: object): string {
  return JSON.stringify(fields, (_name, value: unknown) =>
    value instanceof Error ? { message: value.message, stack: value.stack, cause: value.cause } : value,
  )
}
