/**
 * The connections of a line that has ended, for the next line to the same primary: a join is followed by its first
 * heartbeat at once. It holds those of one line at most and opens none; what nobody takes is closed when it has been idle
 * for long enough.
 */
import type { Agent } from 'undici'

export class SpareConnections {
  #spare: { readonly acceptance: string; readonly agent: Agent } | undefined

  /** `acceptance` names the rules by which connections of the agent are accepted. Nothing may be in flight. */
  put(acceptance: string, agent: Agent): void {
    void this.#spare?.agent.destroy()
    this.#spare = { acceptance, agent }
  }

  /** An agent for which the same rules hold. */
  take(acceptance: string): Agent | undefined {
    const spare = this.#spare
    if (spare?.acceptance !== acceptance) return undefined
    this.#spare = undefined
    return spare.agent
  }
}
