/** Chance that repeats itself: the same seed gives the same numbers. */

export interface Chance {
  /** From 0 to 1. */
  fraction(): number
  /** A whole number from 0 on, below this. */
  below(limit: number): number
  pick<T>(choices: readonly [T, ...T[]]): T
  /** True in so many of all cases. */
  happens(share: number): boolean
}

/** Mulberry32: 32 bits of state, which is plenty for the choices of one run. */
export function createChance(seed: number): Chance {
  let state = seed | 0

  function fraction(): number {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32
  }

  const below = (limit: number) => Math.floor(fraction() * limit)
  return {
    fraction,
    below,
    pick: (choices) => choices[below(choices.length)] ?? choices[0],
    happens: (share) => fraction() < share,
  }
}

/** A version 4 UUID made of chance. */
export function uuidOf(chance: Chance): string {
  const digits = Array.from({ length: 32 }, () => chance.below(16).toString(16)).join('')
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}
