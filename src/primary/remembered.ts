/** A value that is kept until what it was made of changes: made anew for each request it would cost a look at the fleet. */
export interface Remembered<T> {
  /** Throws what making it throws; nothing is kept then. */
  readonly get: () => T
  readonly forget: () => void
}

export function remember<T>(make: () => T): Remembered<T> {
  let kept: { readonly value: T } | undefined
  return {
    get() {
      kept ??= { value: make() }
      return kept.value
    },
    forget() {
      kept = undefined
    },
  }
}
