/**
 * The network between secondaries and their primary: open to everybody's eyes, and bound to nothing. Messages are lost,
 * repeated and late, and somebody in the middle may answer in the primary's place.
 */
import { fromUtf8 } from '../../../src/protocol/encoding.ts'
import { parseStrictJson } from '../../../src/protocol/strict-json.ts'
import { nonceHeader } from '../../../src/protocol/wire.ts'
import { networkFailure } from '../../../src/secondary/primary-client/failures.ts'
import { answerTimeout, type post } from '../../../src/secondary/primary-client/http.ts'
import { connectTimeout } from '../../../src/secondary/primary-client/tls.ts'
import type { Chance } from './random.ts'
import type { Process, Scheduler } from './scheduler.ts'

/** A request as it can be seen on its way. */
export interface Message {
  readonly from: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** An answer as it can be seen. */
export interface WireAnswer {
  readonly status: number
  readonly mediaType: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** `since` is the version of the primary's API server when the message arrived. */
export interface Answered {
  readonly message: Message
  readonly answer: WireAnswer
  readonly since: number
  readonly isProofless: boolean
}

/** Undefined: nobody is there. */
type Answering = (answer: WireAnswer | undefined) => void

export type NetworkFault = 'lose-request' | 'lose-answer' | 'repeat' | 'delay'

/** What a replica does with a request; `isProofless` where the sender can prove nothing. */
export type Handler = (message: Message, isProofless: boolean) => Promise<WireAnswer>

export interface Network {
  /** A replica answers from now on; gives what ends that. */
  serve(owner: Process, handler: Handler): () => void
  /** Sends to any of the replicas; undefined where nobody is there. */
  send(message: Message, answered: Answering): void
  /** The same without faults, for an attacker; `isProofless` where it can prove nothing. */
  sendSurely(message: Message, isProofless: boolean, answered?: Answering): void
  /** How the process sends. */
  postOf(owner: Process): typeof post
  /** The next message of this sender gets this answer, and never arrives; undefined lets it pass, and waits for the next one. */
  intercept(from: string, forge: (message: Message) => Promise<WireAnswer | undefined>): void
  /** Nobody is in the middle any more. */
  clear(): void
  /** Everything that was seen. */
  readonly seen: readonly { readonly message: Message; readonly answer: WireAnswer }[]
}

/** How late a late message is, milliseconds. */
const lateness = [3_000, 25_000, 70_000] as const

export function createNetwork(deps: {
  scheduler: Scheduler
  chance: () => Chance
  faultFor: (message: Message) => NetworkFault | undefined
  /** The version of the primary's API server now. */
  version: () => number
  /** Told of each answer that a replica gives. */
  onAnswer: (answered: Answered) => void
}): Network {
  const { scheduler, chance } = deps
  const replicas = new Map<Process, Handler>()
  const interceptions: { from: string; forge: (message: Message) => Promise<WireAnswer | undefined> }[] = []
  const seen: { message: Message; answer: WireAnswer }[] = []

  /** At a replica, in its own time. */
  async function arrive(message: Message, isProofless: boolean, answered: Answering): Promise<void> {
    const [first, ...others] = [...replicas].filter(([owner]) => owner.isAlive)
    if (first === undefined) return scheduler.add(undefined, () => answered(undefined))
    const [owner, handler] = chance().pick([first, ...others])
    const since = deps.version()
    const answer = await handler(message, isProofless)
    if (!owner.isAlive) return
    seen.push({ message, answer })
    deps.onAnswer({ message, answer, since, isProofless })
    scheduler.add(undefined, () => answered(answer))
  }

  async function meet(message: Message, answered: Answering): Promise<void> {
    const at = interceptions.findIndex(({ from }) => from === message.from)
    const [interception] = at < 0 ? [] : interceptions.splice(at, 1)
    const forged = await interception?.forge(message)
    // Who has nothing to say to this message waits for another.
    if (forged === undefined && interception !== undefined) interceptions.push(interception)
    if (forged === undefined) await arrive(message, false, answered)
    else scheduler.add(undefined, () => answered(forged))
  }

  return {
    seen,
    serve(owner, handler) {
      replicas.set(owner, handler)
      return () => void replicas.delete(owner)
    },
    send(message, answered) {
      const fault = deps.faultFor(message)
      const travel = (then: Answering) => scheduler.add(undefined, () => void meet(message, then))
      switch (fault) {
        case 'lose-request':
          return
        case 'lose-answer':
          return travel(() => undefined)
        case 'delay':
          return void scheduler.after(chance().pick(lateness), () => travel(answered))
        case 'repeat':
          scheduler.after(chance().pick(lateness), () => travel(() => undefined))
          return travel(answered)
        case undefined:
          return travel(answered)
      }
    },
    sendSurely: (message, isProofless, answered = () => {}) =>
      scheduler.add(undefined, () => void arrive(message, isProofless, answered)),
    clear: () => void interceptions.splice(0),
    intercept: (from, forge) => void interceptions.push({ from, forge }),
    postOf(owner) {
      return async ({ path, headers, body, where }, { clock, signal }) => {
        signal.throwIfAborted()
        const result = Promise.withResolvers<WireAnswer>()
        const fail = (code: string) => result.reject(networkFailure(Object.assign(new Error(code), { code }), where))
        const cancel = clock.after(connectTimeout + answerTimeout, () => fail('UND_ERR_BODY_TIMEOUT'))
        const aborted = () => result.reject(signal.reason)
        signal.addEventListener('abort', aborted)
        this.send({ from: owner.name, path, headers, body }, (answer) => {
          if (answer === undefined) fail('ECONNREFUSED')
          else result.resolve(answer)
        })
        try {
          return received(await result.promise)
        } finally {
          cancel()
          signal.removeEventListener('abort', aborted)
        }
      }
    },
  }
}

function received({ status, mediaType, body, headers }: WireAnswer) {
  const seconds = headers['retry-after']
  return {
    status,
    mediaType,
    body: mediaType.endsWith('json') ? readJson(body) : undefined,
    nonce: headers[nonceHeader],
    retryAfterMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  }
}

function readJson(body: string): unknown {
  try {
    return parseStrictJson(fromUtf8(Buffer.from(body)) ?? '')
  } catch {
    return undefined
  }
}
