/** What a diagnosis says of one cluster. Data only: it is printed as text, JSON or YAML, and tests compare it. */
import type { Role } from './observation.ts'

/** What to run next. */
export interface Step {
  /** Where it is to be run, where that is not the cluster that was looked at. */
  readonly on?: string
  /** What it does, where the remedy does not say it. */
  readonly does?: string
  /** For a shell, in one line; it can be run as it stands. */
  readonly command: string
}

interface Said {
  /** Absent: about the cluster as a whole. */
  readonly role?: Role
  /** One word for programs: a reason, an error code, or a word of the diagnosis itself. */
  readonly code: string
  /** What is so, and where. */
  readonly what: string
  /** What to do about it. */
  readonly remedy: string
}

export interface Wrong extends Said {
  readonly severity: 'wrong'
  readonly next: Step
}

/** Nothing is wrong, and somebody may want to know. */
export interface Note extends Said {
  readonly severity: 'note'
  readonly next?: Step
}

export type Finding = Wrong | Note

/** A line of what is. */
export interface Fact {
  readonly name: string
  readonly value: string
}

/** A warning that an operator has recorded as an Event. */
export interface Warning {
  /** RFC 3339; the last time where it was repeated. */
  readonly at: string
  /** `Kind name` of the object that it is about. */
  readonly about: string
  readonly reason: string
  readonly note: string
}

export interface Section {
  readonly role: Role
  readonly namespace: string
  readonly facts: readonly Fact[]
  /** Of the last hour, the newest first, five at most. */
  readonly warnings: readonly Warning[]
}

export interface Report {
  readonly healthy: boolean
  /** One for each role that this cluster has. */
  readonly sections: readonly Section[]
  readonly findings: readonly Finding[]
  /** What may not be read, so that nothing is said of it. */
  readonly unread: readonly string[]
}
