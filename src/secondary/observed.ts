/** Counts how tries to join and heartbeats go. Wrapped around them at composition; it changes nothing of what they do. */
import type { SecondaryMetrics } from '../lib/metrics.ts'
import { ProtocolError } from '../protocol/errors.ts'
import type { JoinerDeps } from './join/joiner.ts'
import type { Beat } from './membership/heartbeat.decide.ts'
import type { HeartbeatKeeper } from './membership/heartbeat.ts'

type Exchange = JoinerDeps['exchange']

export function countExchanges(exchange: Exchange, metrics: SecondaryMetrics): Exchange {
  return async (asked, context) => {
    const ended = metrics.joining()
    try {
      const outcome = await exchange(asked, context)
      ended(outcome.kind === 'refused' ? outcome.refusal.code : 'ok')
      return outcome
    } catch (error) {
      ended(codeOf(error, context.signal))
      throw error
    }
  }
}

function codeOf(error: unknown, { aborted }: AbortSignal): string {
  if (aborted) return 'Dropped'
  return error instanceof ProtocolError ? error.code : 'Internal'
}

export function codeOfBeat(beat: Beat): string {
  return beat.kind === 'silent' ? beat.error.code : beat.reply.status
}

/** Tells at each scrape whether there is a membership, and when its primary was last heard. */
export function followMembership(heartbeats: HeartbeatKeeper, metrics: SecondaryMetrics): HeartbeatKeeper {
  let isMember = false
  metrics.observe(() => ({ isMember, lastContact: heartbeats.contact().lastAt }))
  return {
    ...heartbeats,
    follow(member, start) {
      isMember = member !== undefined
      heartbeats.follow(member, start)
    },
  }
}
