/** A program of the world as its node keeps it running: started, killed at any moment, started again. */
import type { ApiWay } from './api-way.ts'
import type { Process, Scheduler } from './scheduler.ts'

export interface Program {
  readonly name: string
  /** The process that runs now, or ran last. */
  process(): Process
  way(): ApiWay
  /** Nothing of it goes on. It is started again after so many milliseconds. */
  crash(downFor: number): void
  /** It is asked to end, and started again when it has. */
  stop(): void
  /** For good, with nothing said. */
  end(): void
}

/** The time that a node takes to start an ended program again, milliseconds. */
const restartAfter = 1_000

export function startProgram(deps: {
  readonly name: string
  readonly scheduler: Scheduler
  readonly openWay: (owner: Process) => ApiWay
  readonly run: (owner: Process, way: ApiWay, stop: AbortSignal) => Promise<void>
  /** It has ended without having been asked to. */
  readonly onFailure: (error: unknown) => void
}): Program {
  const { name, scheduler } = deps
  let isWanted = true
  let current = start(0)

  function start(skew: number) {
    const owner: Process = { name, isAlive: true, skew }
    const way = deps.openWay(owner)
    const stop = new AbortController()
    const ended = (error?: unknown) => {
      if (!owner.isAlive) return
      if (!stop.signal.aborted) deps.onFailure(error)
      bury(owner, way)
      startLater(restartAfter)
    }
    deps.run(owner, way, stop.signal).then(ended, ended)
    return { owner, way, stop }
  }

  function bury(owner: Process, way: ApiWay): void {
    owner.isAlive = false
    void way.close()
    scheduler.bury()
  }

  function startLater(ms: number): void {
    scheduler.after(ms, () => {
      if (isWanted && !current.owner.isAlive) current = start(current.owner.skew)
    })
  }

  return {
    name,
    process: () => current.owner,
    way: () => current.way,
    crash(downFor) {
      if (!current.owner.isAlive) return
      bury(current.owner, current.way)
      startLater(downFor)
    },
    stop: () => current.stop.abort(new Error('stopped by the model')),
    end() {
      isWanted = false
      bury(current.owner, current.way)
    },
  }
}
