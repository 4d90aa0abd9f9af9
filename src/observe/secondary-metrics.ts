/** The metrics of a secondary: how its tries to join go, and whether its primary is heard. */
import type { SecondaryMetrics, SecondaryState } from '../lib/metrics.ts'
import type { Instruments } from './instruments.ts'

export function createSecondaryMetrics({ counter, gauge, stopwatch }: Instruments): SecondaryMetrics {
  const attempts = counter({
    name: 'conjoin_join_attempts_total',
    help: 'Exchanges with a primary in order to join, by code: ok, Dropped where mc-join has changed meanwhile, or why not.',
    labels: ['code'],
  })
  const exchangeTime = stopwatch({
    name: 'conjoin_join_exchange_duration_seconds',
    help: 'Time that an exchange with a primary takes, over all its endpoints.',
  })
  const beats = counter({
    name: 'conjoin_beats_total',
    help: 'Heartbeats sent, by code: ok, what the primary said instead, or why there was no answer that counts.',
    labels: ['code'],
  })
  for (const asked of [attempts, beats]) asked.inc({ code: 'ok' }, 0)

  let look: (() => SecondaryState) | undefined
  gauge({ name: 'conjoin_member', help: 'Whether this cluster holds a membership.' }, () => {
    const state = look?.()
    return state === undefined ? [] : [[Number(state.isMember), {}]]
  })
  gauge(
    {
      name: 'conjoin_last_contact_timestamp_seconds',
      help: 'When the primary last gave a signed answer to a heartbeat; absent before the first one of this process.',
    },
    () => {
      const lastContact = look?.().lastContact
      return lastContact === undefined ? [] : [[lastContact / 1000, {}]]
    },
  )

  return {
    joining() {
      const stop = exchangeTime({})
      return (code) => {
        stop()
        attempts.inc({ code })
      }
    },
    beat: (code) => beats.inc({ code }),
    observe(state) {
      look = state
    },
  }
}
