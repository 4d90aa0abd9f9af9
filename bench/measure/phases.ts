/**
 * Where the time of one join went: its requests, put in the order in which the protocol makes them, cut the whole into
 * phases that add up to it. Pure; which requests a phase has is for the caller to say.
 */

/** A request as an API server has recorded it. Times are milliseconds since the epoch. */
export interface TimedRequest {
  readonly receivedAt: number
  readonly endedAt: number
}

/** One step of a join that an API server sees. */
export interface Step<R extends TimedRequest> {
  /** What goes on from the end of the step before to the first request of this one. */
  readonly until: string
  /** What the requests do, from the first to the end of the last. */
  readonly what: string
  /** The first request for each of these that no earlier step has taken. */
  readonly requests: readonly ((request: R) => boolean)[]
}

export interface Phase {
  readonly what: string
  readonly ms: number
}

export interface Whole<R extends TimedRequest> {
  readonly from: number
  readonly to: number
  readonly requests: readonly R[]
  /** What goes on after the last step. */
  readonly last: string
}

/** The requests of each step. Throws where one is lacking, because its step would be read as taking no time. */
export function requestsOf<R extends TimedRequest>(
  requests: readonly R[],
  steps: readonly Step<R>[],
): readonly (readonly R[])[] {
  const left = new Set(requests.toSorted((a, b) => a.receivedAt - b.receivedAt))
  return steps.map((step) =>
    step.requests.map((matches) => {
      const request = [...left].find(matches)
      if (request === undefined) throw new Error(`a join lacks a request of the step: ${step.what}`)
      left.delete(request)
      return request
    }),
  )
}

/**
 * Two phases for each step, in the order of the steps, and the last: their sum is the whole. What goes on beside an
 * earlier phase counts there. Throws where a step lacks a request.
 */
export function phasesOf<R extends TimedRequest>(whole: Whole<R>, steps: readonly Step<R>[]): readonly Phase[] {
  const { from, to, last } = whole
  const found = requestsOf(whole.requests, steps)
  const phases: Phase[] = []
  let reached = from
  const reach = (what: string, moment: number) => {
    const next = Math.min(Math.max(moment, reached), to)
    phases.push({ what, ms: next - reached })
    reached = next
  }
  for (const [index, { until, what }] of steps.entries()) {
    const requests = found[index] ?? []
    reach(until, Math.min(...requests.map(({ receivedAt }) => receivedAt)))
    reach(what, Math.max(...requests.map(({ endedAt }) => endedAt)))
  }
  reach(last, to)
  return phases
}
