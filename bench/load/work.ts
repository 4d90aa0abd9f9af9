/** A process that puts load on something: how it is started, told to begin, and what it tells at the end. */
import { once } from 'node:events'
import { forkTethered } from './tethered.ts'

export interface LoadProcess<Outcome> {
  readonly pid: number
  /** Begins the work; resolves with its outcome. Rejects where the process fails. */
  readonly begin: () => Promise<Outcome>
  /** Ends the process, which has done its work or is not to do it. */
  readonly end: () => void
}

/** What a kind of load needs to know, and what it tells. */
export interface Load {
  readonly task: object
  readonly outcome: unknown
}

type Message<Outcome> = { readonly kind: 'prepared' } | { readonly kind: 'done'; readonly outcome: Outcome }

/** Starts a module of this folder with what it needs to know; resolves when it is prepared. */
export async function startLoad<Kind extends Load>(
  module: string,
  task: Kind['task'],
): Promise<LoadProcess<Kind['outcome']>> {
  type Told = Message<Kind['outcome']>
  const child = forkTethered(module)
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`the load of ${module} ended with ${String(code)}`)
  })
  // Whoever has not begun does not listen yet.
  failed.catch(() => undefined)
  const next = async (kind: Told['kind']): Promise<Told> => {
    const [message] = (await Promise.race([once(child, 'message'), failed])) as [Told]
    if (message.kind !== kind) throw new Error(`the load of ${module} says ${message.kind} instead of ${kind}`)
    return message
  }
  child.send(task)
  await next('prepared')
  return {
    pid: child.pid ?? -1,
    begin: async () => {
      child.send('begin')
      const message = await next('done')
      return (message as Extract<Told, { kind: 'done' }>).outcome
    },
    end: () => void child.kill(),
  }
}

/** The other side: prepares, waits to be told, works, tells. */
export async function serveLoad<Kind extends Load>(
  prepare: (task: Kind['task']) => Promise<() => Promise<Kind['outcome']>>,
): Promise<void> {
  // The tether lets a process end that has nothing else to do; this one waits to be told.
  process.channel?.ref()
  const [task] = (await once(process, 'message')) as [Kind['task']]
  const work = await prepare(task)
  process.send?.({ kind: 'prepared' })
  await once(process, 'message')
  process.send?.({ kind: 'done', outcome: await work() })
}

/** Does all of these, a number of them at a time; resolves with how long each took, milliseconds, in the order of their ends. */
export async function inParallel(
  count: number,
  concurrency: number,
  one: (index: number) => Promise<void>,
): Promise<readonly number[]> {
  const durations: number[] = []
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) {
      const startedAt = performance.now()
      await one(index)
      durations.push(performance.now() - startedAt)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return durations
}
