/**
 * The work queue as its documentation tells it, in lists that are searched and nothing clever. Its time is moved by
 * hand; it knows nothing of promises: a take has an answer, or has none yet.
 */

export type Answer =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'none' }

interface Wish {
  readonly key: string
  readonly due: number
}

export class WorkQueueModel {
  /** In the order of the takes. */
  readonly answers: Answer[] = []
  #now = 0
  #open = true
  #waiting: readonly string[] = []
  #working: readonly string[] = []
  #addedMeanwhile: readonly string[] = []
  #wishes: readonly Wish[] = []
  #failures: readonly string[] = []

  /** Keys in somebody's hands. */
  get working(): readonly string[] {
    return this.#working
  }

  get size(): number {
    return this.#waiting.length
  }

  get wishes(): number {
    return this.#wishes.length
  }

  add(key: string): void {
    if (!this.#open || this.#waiting.includes(key)) return
    if (!this.#working.includes(key)) this.#waiting = [...this.#waiting, key]
    else if (!this.#addedMeanwhile.includes(key)) this.#addedMeanwhile = [...this.#addedMeanwhile, key]
    this.#serve()
  }

  addAfter(key: string, ms: number): void {
    if (!this.#open) return
    const due = this.#now + ms
    if (this.#wishes.some((wish) => wish.key === key && wish.due <= due)) return
    this.#wishes = [...this.#wishes.filter((wish) => wish.key !== key), { key, due }]
  }

  /** `random` is what the dice show, from 0 to 1. */
  addRateLimited(key: string, atLeastMs: number, random: number): void {
    const before = this.#failures.filter((failed) => failed === key).length
    this.#failures = [...this.#failures, key]
    let longest = 5
    for (let failure = 0; failure < before; failure++) longest = Math.min(300_000, longest * 2)
    this.addAfter(key, Math.max(atLeastMs, longest / 2 + random * (longest / 2)))
  }

  forget(key: string): void {
    this.#failures = this.#failures.filter((failed) => failed !== key)
  }

  take(): void {
    this.answers.push(this.#open ? { kind: 'none' } : { kind: 'end' })
    this.#serve()
  }

  done(key: string): void {
    this.#working = this.#working.filter((other) => other !== key)
    if (!this.#addedMeanwhile.includes(key)) return
    this.#addedMeanwhile = this.#addedMeanwhile.filter((other) => other !== key)
    this.add(key)
  }

  shutDown(): void {
    this.#open = false
    this.#waiting = []
    this.#wishes = []
    for (const [index, answer] of this.answers.entries())
      if (answer.kind === 'none') this.answers[index] = { kind: 'end' }
  }

  advance(ms: number): void {
    this.#now += ms
    const due = this.#wishes.filter((wish) => wish.due <= this.#now)
    this.#wishes = this.#wishes.filter((wish) => wish.due > this.#now)
    for (const { key } of due.toSorted((a, b) => a.due - b.due)) this.add(key)
  }

  /** Gives what waits to those who wait, both in their order. */
  #serve(): void {
    for (const [index, answer] of this.answers.entries()) {
      const [key] = this.#waiting
      if (key === undefined) return
      if (answer.kind !== 'none') continue
      this.#waiting = this.#waiting.slice(1)
      this.#working = [...this.#working, key]
      this.answers[index] = { kind: 'key', key }
    }
  }
}
