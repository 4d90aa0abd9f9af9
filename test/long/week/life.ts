/** Makes happen what is planned for a simulated week, and keeps account of what must be true of everybody afterwards. */
import { clusterKind } from '../../../src/api/cluster.ts'
import { annotations } from '../../../src/api/group.ts'
import { primaryIdentityName } from '../../../src/api/primary-identity.ts'
import { type Secret, secretKind } from '../../../src/kube/objects.ts'
import { readKeys } from '../../../src/primary/identity/stored-keys.ts'
import { parseToken } from '../../../src/protocol/token.ts'
import { usualPrimary } from '../../../tools/installation.ts'
import type { Member } from './member.ts'
import type { Happening } from './plan.ts'
import type { Place, World } from './world.ts'

/** Somebody was cut off for hours. */
export interface LongSilence {
  readonly name: string
  readonly ms: number
  /** Whether its Cluster said so in the end. */
  readonly wasCalledLost: boolean
}

/** Shorter ones need not be noticed. Milliseconds. */
const long = 3 * 3_600_000

export interface Life {
  /** Who is meant to be a member. */
  readonly members: ReadonlySet<Member>
  /** Who is to be no member, as long as one of both sides does not show it: with what its status has to say. */
  readonly leaving: ReadonlyMap<Member, RegExp>
  /** How many have been seen to be out, on both sides. */
  gone(): number
  /** Every join token that there ever was. */
  readonly tokens: readonly string[]
  readonly silences: readonly LongSilence[]
  /** How often each kind of thing has happened. */
  readonly happened: Readonly<Record<string, number>>
  /** Somebody joins with the token that is good now. */
  join(): void
  happen(happening: Happening): Promise<void>
  /** Looks who is out, and does what an administrator is told to do where the primary could not be told. */
  lookWhoIsOut(): Promise<void>
  /** All ways are whole again, and all clocks right. */
  heal(): void
}

/** Begins with a fresh join token. */
export async function beginLife(world: World): Promise<Life> {
  const { front, ledger, places } = world
  const members = new Set<Member>()
  const leaving = new Map<Member, RegExp>()
  /** Thumbprint of the primary's key that is in the token of who asks with a revoked one. */
  const pinnedBy = new WeakMap<Member, string>()
  const cutOff = new Map<Member, number>()
  const tokens: string[] = []
  const silences: LongSilence[] = []
  const happened: Record<string, number> = {}
  let gone = 0
  let names = 0
  let given = await nextToken()

  async function nextToken() {
    const name = `token-${tokens.length}`
    const token = await world.issueToken(name)
    tokens.push(token)
    return { name, token }
  }

  function ask(token: string): Member {
    names += 1
    const member = world.newcomer(`member-${names}`)
    world.journal.note('the plan', 'joins', { name: member.name, uid: member.uid })
    member.objects.give({ endpoint: front.url, token, clusterName: member.name })
    return member
  }

  const clusterKey = ({ name }: Member) => ({ namespace: world.namespace, name })

  /** One of those that have joined and are reached. */
  function chosen(happening: Happening & { readonly who: number }): Member {
    const settled = [...members].filter((member) => !cutOff.has(member) && member.status()?.status === 'Joined')
    const member = pickedFrom(settled, happening.who)
    world.journal.note('the plan', happening.kind, { ...happening, name: member.name })
    return member
  }

  function chosenPlace(happening: Happening & { readonly who: number }): Place {
    const place = pickedFrom(places, happening.who)
    world.journal.note('the plan', happening.kind, { ...happening, place: places.indexOf(place) })
    return place
  }

  function cutMember(member: Member, ms: number): void {
    cutOff.set(member, world.timeline.elapsed())
    front.cutOff(member.name, true)
    world.after(ms, () => mendMember(member))
  }

  function mendMember(member: Member): void {
    const since = cutOff.get(member)
    if (since === undefined) return
    cutOff.delete(member)
    front.cutOff(member.name, false)
    const ms = world.timeline.elapsed() - since
    if (ms < long) return
    silences.push({ name: member.name, ms, wasCalledLost: ledger.health(member.name) === 'NoHeartbeat' })
  }

  function setCut(place: Place, isCut: boolean): void {
    place.isCut = isCut
    place.replica?.cut(isCut)
  }

  function cutPlace(place: Place, ms: number): void {
    setCut(place, true)
    world.after(ms, () => setCut(place, false))
  }

  function changeLeader(how: 'stopped' | 'killed' | 'cut-off'): void {
    const place = places.find(({ replica }) => replica?.isLeading() === true)
    world.journal.note('the plan', 'leader-changes', { how, identity: place?.replica?.identity })
    if (place === undefined) return
    if (how === 'stopped') place.replica?.stop()
    else if (how === 'killed') place.replica?.kill()
    else cutPlace(place, 60_000)
  }

  function hidePlace(place: Place, ms: number): void {
    place.isHidden = true
    world.after(ms, () => {
      place.isHidden = false
    })
  }

  function mistakeClock(place: Place, { wrong, ms }: { readonly wrong: number; readonly ms: number }): void {
    world.stepClock(place, wrong)
    world.after(ms, () => world.stepClock(place, 0))
  }

  function expelled(member: Member, message: RegExp): Member {
    members.delete(member)
    leaving.set(member, message)
    return member
  }

  async function revokeToken(): Promise<void> {
    const { name, token } = given
    // Whoever is still on its way would be refused too, and rightly.
    await world.until('whoever was given the token has joined', () =>
      [...members].every((member) => cutOff.has(member) || member.status()?.status === 'Joined'),
    )
    await world.admin.delete(secretKind, { namespace: world.namespace, name })
    const asking = ask(token)
    leaving.set(asking, /^TokenInvalid: /)
    pinnedBy.set(asking, parseToken(token).primaryKey.thumbprint)
    given = await nextToken()
  }

  async function rollPrimaryKey(word: string): Promise<void> {
    const key = { namespace: usualPrimary.home, name: primaryIdentityName }
    const patch = { metadata: { annotations: { [annotations.rotate]: word } } }
    world.journal.note('the plan', 'primary-key-rolls')
    await world.admin.mergePatch(secretKind, key, patch, { fieldManager: 'administrator' })
  }

  /** Thumbprints of the keys that the primary holds. */
  async function heldKeys(): Promise<readonly string[]> {
    const secret = await world.admin.get<Secret>(secretKind, {
      namespace: usualPrimary.home,
      name: primaryIdentityName,
    })
    const keys = readKeys(secret)
    return keys === undefined ? [] : [keys.current, ...keys.retired].map(({ thumbprint }) => thumbprint)
  }

  /**
   * Nobody can sign a refusal for who knows nothing but a key that the primary has given up. It does so when the last token
   * with that key is revoked, so who asks with that one may come a moment too late.
   */
  function knowsOnlyLostKey(member: Member, msg: string, held: readonly string[]): boolean {
    const pinned = pinnedBy.get(member)
    return pinned !== undefined && !held.includes(pinned) && msg.startsWith('PrimaryKeyMismatch: ')
  }

  return {
    members,
    leaving,
    gone: () => gone,
    tokens,
    silences,
    happened,
    join: () => void members.add(ask(given.token)),
    async happen(happening) {
      happened[happening.kind] = (happened[happening.kind] ?? 0) + 1
      switch (happening.kind) {
        case 'leader-changes':
          return changeLeader(happening.how)
        case 'member-cut-off':
          return cutMember(chosen(happening), happening.ms)
        case 'member-restarts':
          return chosen(happening).restart()
        case 'replica-cut-off':
          return cutPlace(chosenPlace(happening), happening.ms)
        case 'replica-hidden':
          return hidePlace(chosenPlace(happening), happening.ms)
        case 'replica-clock':
          return mistakeClock(chosenPlace(happening), happening)
        case 'member-clock':
          return chosen(happening).clock.mistake(happening.wrong)
        case 'joins':
          members.add(ask(given.token))
          return
        case 'leaves':
          return expelled(chosen(happening), /^Left: /).objects.ask(annotations.leave, 'now')
        case 'is-disconnected':
          await world.admin.delete(clusterKind, clusterKey(expelled(chosen(happening), /^Disconnected: /)))
          return
        case 'token-revoked':
          return revokeToken()
        case 'member-key-changes':
          return chosen(happening).objects.ask(annotations.rotate, `at ${happening.at}`)
        case 'primary-key-rolls':
          return rollPrimaryKey(`at ${happening.at}`)
      }
    },
    async lookWhoIsOut() {
      const held = await heldKeys()
      for (const [member, message] of leaving) {
        const { msg = '' } = member.status() ?? {}
        if (!message.test(msg) && !knowsOnlyLostKey(member, msg, held)) continue
        if (msg.includes('delete its Cluster there')) await world.admin.delete(clusterKind, clusterKey(member))
        else if (ledger.cluster(member.name) !== undefined) continue
        gone += 1
        leaving.delete(member)
        world.dismiss(member)
      }
    },
    heal() {
      for (const place of places) {
        setCut(place, false)
        place.isHidden = false
        world.stepClock(place, 0)
      }
      for (const member of cutOff.keys()) mendMember(member)
      for (const member of members) member.clock.mistake(0)
    },
  }
}

function pickedFrom<T>(all: readonly T[], share: number): T {
  const picked = all[Math.floor(share * all.length)]
  if (picked === undefined) throw new Error('nobody is left to choose from')
  return picked
}
