/**
 * What happens in a simulated week, and when: made up from a seed before the week begins, so that the same seed gives the
 * same week. Pure; whom a happening strikes is named by a share of those that there are then.
 */

export type Happening = { readonly at: number } & (
  | { readonly kind: 'leader-changes'; readonly how: 'stopped' | 'killed' | 'cut-off' }
  /** A member reaches nobody for so long. */
  | { readonly kind: 'member-cut-off'; readonly who: number; readonly ms: number }
  | { readonly kind: 'member-restarts'; readonly who: number }
  /** A replica cannot reach its API server for so long, and members reach it. */
  | { readonly kind: 'replica-cut-off'; readonly who: number; readonly ms: number }
  /** A replica is reached by no member for so long. */
  | { readonly kind: 'replica-hidden'; readonly who: number; readonly ms: number }
  /** The wall clock of a replica steps by so much, and so long after that it is put right. */
  | { readonly kind: 'replica-clock'; readonly who: number; readonly wrong: number; readonly ms: number }
  /** That of a member is wrong by so much until the next time. */
  | { readonly kind: 'member-clock'; readonly who: number; readonly wrong: number }
  | { readonly kind: 'joins' }
  | { readonly kind: 'leaves'; readonly who: number }
  | { readonly kind: 'is-disconnected'; readonly who: number }
  /** The join token is deleted, somebody tries it, and there is a new one. */
  | { readonly kind: 'token-revoked' }
  /** A member changes its key, and the primary announces another one. */
  | { readonly kind: 'member-key-changes'; readonly who: number }
  | { readonly kind: 'primary-key-rolls' }
)

const minute = 60_000
const hour = 60 * minute
const tenYears = 10 * 365 * 24 * hour

/** Numbers from 0 to 1 that depend on the seed alone: Marsaglia's xorshift with 32 bits. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** The primary is left alone for so long in each part of the time: who falls silent can be told from who is not heard yet. */
const calm = { every: 6, from: 3, to: 5 } as const

/**
 * In order of time, milliseconds from the beginning: a change of leader and a dozen other things in every hour, but for the
 * calm ones. The last minutes of an hour are quiet, so that what was begun in it comes to its end.
 */
export function planWeek({ hours, seed }: { hours: number; seed: number }): readonly Happening[] {
  const random = seededRandom(seed)
  const planned = Array.from({ length: hours }, (_, index) => {
    const phase = index % calm.every
    const isCalm = phase >= calm.from && phase < calm.to
    const from = index * hour
    return [
      ...whatMembersDo(random, index).map((happening) => ({
        ...happening,
        at: from + between(random, 0, 50 * minute),
      })),
      ...(isCalm ? [] : whatReplicasSuffer(random, index)).map((happening) => ({
        ...happening,
        at: from + between(random, 0, 50 * minute),
      })),
      // Until shortly before the primary is disturbed again: longer than a member may be silent.
      ...(phase === 1 ? [{ at: from, kind: 'member-cut-off', who: random(), ms: 4 * hour - 5 * minute } as const] : []),
    ]
  })
  return planned.flat().toSorted((a, b) => a.at - b.at)
}

/** Without its time. */
type Untimed<H> = H extends unknown ? Omit<H, 'at'> : never

function whatMembersDo(random: () => number, index: number): readonly Untimed<Happening>[] {
  const cut = () => ({ kind: 'member-cut-off', who: random(), ms: between(random, minute, 40 * minute) }) as const
  return [
    cut(),
    cut(),
    cut(),
    { kind: 'member-restarts', who: random() },
    { kind: 'joins' },
    { kind: random() < 0.5 ? 'leaves' : 'is-disconnected', who: random() },
    ...(index % 3 === 1
      ? [{ kind: 'member-clock', who: random(), wrong: pick(random, [0, tenYears, -tenYears]) } as const]
      : []),
    ...(index % 2 === 0 ? [{ kind: 'member-key-changes', who: random() } as const] : []),
    ...(index % 12 === 5 ? [{ kind: 'token-revoked' } as const] : []),
  ]
}

function whatReplicasSuffer(random: () => number, index: number): readonly Untimed<Happening>[] {
  const ms = between(random, 5_000, 20 * minute)
  return [
    { kind: 'leader-changes', how: pick(random, ['stopped', 'killed', 'cut-off'] as const) },
    { kind: random() < 0.5 ? 'replica-cut-off' : 'replica-hidden', who: random(), ms },
    ...(index % 3 === 0 ? [wrongClock(random)] : []),
    ...(index % 24 === 2 ? [{ kind: 'primary-key-rolls' } as const] : []),
  ]
}

/** Where the clocks of two replicas differ, neither takes the nonces of the other: for good, that would be half a week's work. */
function wrongClock(random: () => number): Untimed<Happening> {
  const wrong = pick(random, [tenYears, -tenYears])
  return { kind: 'replica-clock', who: random(), wrong, ms: between(random, hour, 4 * hour) }
}

function between(random: () => number, least: number, most: number): number {
  return Math.round(least + random() * (most - least))
}

function pick<T>(random: () => number, all: readonly [T, ...T[]]): T {
  return all[Math.floor(random() * all.length)] ?? all[0]
}
