/** With which join tokens of a primary nobody can join, and why. Pure. */
import { annotations } from '../../api/group.ts'
import { parseTimestamp } from '../../api/timestamp.ts'
import { kubectl, type Target } from '../command-line.ts'
import { type Observation, type TokenView, valueOf } from './observation.ts'
import type { Finding } from './report.ts'

export type TokenState = 'usable' | 'expired' | 'used up' | 'waiting' | 'error'

/** Whether a cluster could join with this token at `now`, ms since the epoch. */
export function tokenState({ metadata, isFilled }: TokenView, now: number): TokenState {
  const stored = metadata.annotations ?? {}
  if (stored[annotations.tokenError] !== undefined) return 'error'
  if (!isFilled) return 'waiting'
  const expiry = parseTimestamp(stored[annotations.expiresAt] ?? '')
  if (expiry !== undefined && expiry <= now) return 'expired'
  const most = stored[annotations.maxUses]
  return most !== undefined && Number(stored[annotations.uses] ?? 0) >= Number(most) ? 'used up' : 'usable'
}

/** The operator fills a token within a second; this is far beyond. Milliseconds. */
const filledWithin = 30_000

export function judgeTokens({ seen, target }: { seen: Observation; target: Target }): readonly Finding[] {
  const { tokens, namespace } = seen.primary
  return (valueOf(tokens) ?? []).flatMap((token) => {
    const { name, metadata } = token
    const revoke = kubectl(target, 'conjoin', 'token', 'revoke', name, '-n', namespace)
    const said = { role: 'primary', next: { command: revoke } } as const
    switch (tokenState(token, seen.now)) {
      case 'usable':
      // Those it has admitted may need it: a primary that was restored admits them with it once more.
      case 'used up':
        return []
      case 'error':
        return [
          {
            ...said,
            severity: 'wrong',
            code: 'TokenNotIssued',
            what: `nobody can join with the token ${name}: ${metadata.annotations?.[annotations.tokenError] ?? ''}`,
            remedy: 'revoke it, and create another one without this fault',
          },
        ]
      case 'expired':
        return [
          {
            ...said,
            severity: 'note',
            code: 'TokenExpired',
            what: `the token ${name} expired at ${metadata.annotations?.[annotations.expiresAt] ?? ''}`,
            remedy: 'revoke it; who still needs to join needs another one',
          },
        ]
      case 'waiting':
        return waiting(token, seen.now, kubectl(target, 'get', 'bootstraps.dist.kio.kasten.io', '-n', namespace))
    }
  })
}

function waiting({ name, metadata }: TokenView, now: number, look: string): readonly Finding[] {
  const age = now - Date.parse(metadata.creationTimestamp ?? '')
  if (age < filledWithin) return []
  return [
    {
      severity: 'wrong',
      role: 'primary',
      code: 'TokenWaiting',
      what: `the token ${name} has not been filled yet`,
      remedy: 'the primary is not ready: it needs a Bootstrap that names it, its address, and its signing key',
      next: { command: look },
    },
  ]
}
