/** A fleet that beats, from outside: how its process is started, asked and ended. */
import { once } from 'node:events'
import { forkTethered } from './tethered.ts'

export interface BeatingTask {
  readonly endpoint: string
  readonly primaryUid: string
  /** Of the primary, PKCS #8 PEM: the tokens are made with it. */
  readonly primaryKey: string
  /** The first so many of the fleet. */
  readonly members: number
  /** Until the primary says another one, milliseconds. */
  readonly interval: number
  /** The first beats are spread evenly over this time, milliseconds. */
  readonly firstBeatsWithin: number
  /** That they share; `own`: each member has one, and keeps it as long as the primary does. */
  readonly connections: number | 'own'
}

export type BeatingQuestion =
  | { readonly kind: 'begin' }
  | { readonly kind: 'report' }
  | { readonly kind: 'silence'; readonly members: number }

/** What has happened since the report before. */
export interface BeatingReport {
  /** By what was said: `ok`, a code of the protocol, or that no answer came. */
  readonly answers: Readonly<Record<string, number>>
  /** Of each heartbeat, milliseconds. */
  readonly latencies: readonly number[]
  /** Members that have had a good answer since they began. */
  readonly heard: number
}

export interface Silenced {
  readonly name: string
  /** When its last good answer came, ms since the epoch. */
  readonly heardAt: number | undefined
}

export interface Beating {
  readonly pid: number
  begin(): Promise<void>
  report(): Promise<BeatingReport>
  /** So many members send nothing more; a heartbeat that is on its way still arrives. */
  silence(members: number): Promise<readonly Silenced[]>
  end(): Promise<void>
}

/** Resolves when every key and token is made. Nothing is sent before `begin`. */
export async function startBeating(task: BeatingTask): Promise<Beating> {
  const child = forkTethered('beating-process.ts')
  const ended = once(child, 'exit')
  const failed = ended.then(([code]) => {
    throw new Error(`the fleet that beats ended with ${String(code)}`)
  })
  // Nobody listens between two questions.
  failed.catch(() => undefined)
  const ask = async (question: BeatingQuestion | BeatingTask): Promise<unknown> => {
    child.send(question)
    const [answer] = (await Promise.race([once(child, 'message'), failed])) as [unknown]
    return answer
  }
  await ask(task)
  return {
    pid: child.pid ?? -1,
    async begin() {
      await ask({ kind: 'begin' })
    },
    report: async () => (await ask({ kind: 'report' })) as BeatingReport,
    silence: async (members) => (await ask({ kind: 'silence', members })) as readonly Silenced[],
    async end() {
      child.kill()
      await ended
    },
  }
}
