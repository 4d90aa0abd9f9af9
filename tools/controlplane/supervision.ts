/**
 * The parent's side of the supervisor: starts it, asks it to start and kill servers, and hears when one ends. Must not
 * know what the servers are; everything it starts is gone after `stop`, or when this process is.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Report } from '../programs/report.ts'
import type { Message, Request, ServerCommand } from './supervisor.ts'

/** How long a server may take to become ready, milliseconds; on an idle machine it takes two seconds. */
const readyLimit = 90_000
/** Milliseconds between two questions whether a server is ready. */
const readyInterval = 25
/** How much of a server's log an error shows. */
const shownLines = 15

export class Supervision {
  readonly #directory: string
  readonly #report: Report
  readonly #child: ChildProcess
  readonly #pending = new Map<number, { resolve: () => void; reject: (error: Error) => void }>()
  /** Why a server ended, until it is started again. */
  readonly #ended = new Map<string, string>()
  /** Servers that have been ready and that nobody has killed since. */
  readonly #ready = new Set<string>()
  #stopping = false
  #lastId = 0

  /** `keep`: the directory stays when this process ends without `stop`. A server that ends by itself is reported. */
  constructor(directory: string, keep: boolean, report: Report) {
    this.#directory = directory
    this.#report = report
    this.#child = fork(join(import.meta.dirname, 'supervisor.ts'), [directory, keep ? 'keep' : 'remove'], {
      detached: true,
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    })
    this.#child.on('message', (message: Message) => this.#receive(message))
    this.#child.once('exit', () => this.#supervisorEnded())
    // A program that forgets to stop its control plane still ends, and takes it along.
    this.#child.unref()
    this.#child.channel?.unref()
  }

  /** Resolves when the program runs, which is before it is ready. */
  async start(server: ServerCommand): Promise<void> {
    this.#ended.delete(server.name)
    await this.#ask((id) => ({ kind: 'start', id, server }))
  }

  /** SIGKILL; resolves when the process is gone. */
  async kill(name: string): Promise<void> {
    this.#ready.delete(name)
    await this.#ask((id) => ({ kind: 'kill', id, name }))
  }

  /**
   * Resolves with the first answer of `probe` that is neither undefined nor an error. Throws when the server ends
   * before that or takes too long, with the last lines of its log.
   */
  async untilReady<T>(name: string, probe: () => Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + readyLimit
    for (;;) {
      const answer = await probe().catch(() => undefined)
      if (answer !== undefined) {
        this.#ready.add(name)
        return answer
      }
      const reason = this.#ended.get(name)
      if (reason !== undefined) throw await this.#failure(`${name} ended before it was ready (${reason})`, name)
      if (performance.now() > deadline) {
        throw await this.#failure(`${name} was not ready after ${readyLimit / 1000} s`, name)
      }
      await delay(readyInterval)
    }
  }

  /** Kills all servers; resolves when they and the supervisor are gone, and the directory too unless `keep`. */
  async stop(keep: boolean): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.ref()
    const exit = once(this.#child, 'exit')
    if (!this.#stopping) {
      this.#stopping = true
      this.#ready.clear()
      this.#send({ kind: 'stop', keep })
    }
    await exit
  }

  async #ask(request: (id: number) => Request): Promise<void> {
    this.#lastId += 1
    const id = this.#lastId
    const answer = new Promise<void>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject })
    })
    this.#child.channel?.ref()
    this.#send(request(id))
    return answer
  }

  #send(request: Request): void {
    this.#child.send(request, (error) => {
      if (error) this.#rejectPending()
    })
  }

  #receive(message: Message): void {
    switch (message.kind) {
      case 'done': {
        const waiting = this.#pending.get(message.id)
        this.#pending.delete(message.id)
        if (this.#pending.size === 0) this.#child.channel?.unref()
        if (message.error === undefined) waiting?.resolve()
        else waiting?.reject(new Error(message.error))
        break
      }
      case 'ended':
        this.#ended.set(message.name, message.reason)
        if (this.#ready.delete(message.name)) {
          this.#report(`${message.name} has ended by itself (${message.reason}); see ${this.#logOf(message.name)}`)
        }
        break
    }
  }

  #rejectPending(): void {
    for (const { reject } of this.#pending.values()) reject(new Error('the supervisor of the control plane has ended'))
    this.#pending.clear()
  }

  #supervisorEnded(): void {
    this.#rejectPending()
    if (this.#stopping || this.#child.pid === undefined) return
    // Killed from outside: its servers are still there, in the process group that it led.
    try {
      process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // Nothing was left of the group.
    }
  }

  async #failure(message: string, name: string): Promise<Error> {
    const log = this.#logOf(name)
    const text = await readFile(log, 'utf8').catch(() => '')
    const lastLines = text.trimEnd().split('\n').slice(-shownLines)
    return new Error(`${message}. The last lines of ${log}:\n${lastLines.join('\n')}`)
  }

  #logOf(name: string): string {
    return join(this.#directory, `${name}.log`)
  }
}
