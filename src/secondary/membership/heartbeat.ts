/**
 * Keeps the heartbeats of this cluster's membership going and remembers what they teach. It writes nothing: whoever
 * follows `onNews` reads `contact` and acts.
 */
import type { Cancel, Clock } from '../../lib/clock.ts'
import type { Logger } from '../../lib/logger.ts'
import { type BeatDeps, type Heartbeats, openHeartbeats } from './beat.ts'
import { type Beat, type Contact, contactAfter, isNews, nextBeat, noContact } from './heartbeat.decide.ts'
import { isSameMember, type Member } from './member.ts'

export interface HeartbeatDeps extends BeatDeps {
  /** Called when what has been learnt is new. */
  readonly onNews: () => void
  /** Called with what each beat has led to. */
  readonly onBeat?: (beat: Beat) => void
  readonly clock: Clock
  readonly random: () => number
  readonly log: Logger
}

/** What a join has just told: it spares the first beat a round. */
export interface Start {
  readonly nonce: string
  /** Seconds. */
  readonly interval: number
}

export interface HeartbeatKeeper {
  /** Beats for this membership from now on, or for none. Following the same one again changes nothing. */
  follow(member: Member | undefined, start?: Start): void
  contact(): Contact
  /** Beats now, and resolves when the primary has answered or could not be reached. Rejects when aborted. */
  beat(signal: AbortSignal): Promise<Contact>
  /** Beats at the interval until aborted. */
  run(signal: AbortSignal): Promise<void>
}

export function createHeartbeatKeeper(deps: HeartbeatDeps): HeartbeatKeeper {
  const { clock, random, log } = deps
  let followed: { readonly member: Member; readonly heartbeats: Heartbeats } | undefined
  let contact = noContact()
  let running: AbortSignal | undefined
  let cancel: Cancel | undefined

  function schedule(ms: number): void {
    cancel?.()
    cancel = undefined
    const signal = running
    if (signal === undefined || signal.aborted || followed === undefined) return
    cancel = clock.after(ms, () => {
      beat(signal).catch((err: unknown) => {
        if (!signal.aborted) log.error({ err }, 'heartbeat failed')
      })
    })
  }

  async function beat(signal: AbortSignal): Promise<Contact> {
    const asked = followed
    if (asked === undefined) return contact
    cancel?.()
    try {
      const learnt = await asked.heartbeats.beat(contact.endpoint, signal)
      deps.onBeat?.(learnt)
      // Another membership may have begun in the meantime, and this answer is not for it.
      if (followed !== asked) return contact
      const before = contact
      contact = contactAfter(before, learnt, clock.now())
      report(before, contact)
      if (isNews(before, contact)) deps.onNews()
      return contact
    } finally {
      if (followed === asked) schedule(nextBeat(contact, random))
    }
  }

  /** The same membership, also under the token that the primary has just given it. */
  function isFollowed(member: Member, followedMember: Member): boolean {
    const { token } = contact
    const renewed = token === undefined ? followedMember.info : { ...followedMember.info, token }
    return isSameMember(member, followedMember) || isSameMember(member, { ...followedMember, info: renewed })
  }

  function report(before: Contact, after: Contact): void {
    const { failure } = after
    log.debug({ word: after.word.kind, code: failure?.code }, 'heartbeat')
    if (failure === undefined && before.failure !== undefined) log.info({}, 'the primary answers again')
    if (failure !== undefined && failure.code !== before.failure?.code)
      log.warn({ code: failure.code, reason: failure.message }, 'the primary does not answer heartbeats')
  }

  return {
    follow(member, start) {
      const isKept = member !== undefined && followed !== undefined && isFollowed(member, followed.member)
      if (isKept && !needsNewLine(member, followed?.member)) return
      // Addresses are the primary's to name: one that names others in every reply must not set the pace by that.
      const isPaced = isKept && hasSamePermissions(member, followed?.member)
      followed?.heartbeats.close()
      if (!isKept) contact = noContact(start?.interval)
      followed = member && { member, heartbeats: openHeartbeats(deps, member, start?.nonce) }
      schedule(isPaced ? nextBeat(contact, random) : 0)
    },
    contact: () => contact,
    beat,
    async run(signal) {
      running = signal
      schedule(0)
      if (!signal.aborted)
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve, { once: true })
        })
      cancel?.()
      followed?.heartbeats.close()
    },
  }
}

/** Whether the way to the primary has changed: other endpoints, keys, permissions, or another token. */
function needsNewLine(member: Member, followed: Member | undefined): boolean {
  return (
    !hasSamePermissions(member, followed) ||
    JSON.stringify(member.info.membership) !== JSON.stringify(followed?.info.membership) ||
    member.info.token.reveal() !== followed?.info.token.reveal()
  )
}

function hasSamePermissions(member: Member, followed: Member | undefined): boolean {
  return member.allowHttp === followed?.allowHttp && member.allowUntrustedTls === followed.allowUntrustedTls
}
