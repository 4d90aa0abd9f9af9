/**
 * The ConfigMaps in which a replica of the primary tells the others whom it has heard: 24 bytes for each member, and each
 * different heartbeat once. One, but for a very large fleet. It owns the form; who is healthy, and whose word counts, is decided elsewhere.
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { sha256 } from '../protocol/encoding.ts'
import { type Heartbeat, heartbeatSchema } from '../protocol/reply.ts'
import { formatTimestamp, parseTimestamp } from './timestamp.ts'

/** What this replica knows of one member. */
export interface Sighting {
  /** UID of the member's `kube-system` namespace. */
  readonly uid: string
  /** Milliseconds since its last heartbeat. */
  readonly age: number
  /** Milliseconds between that one and the one before; infinite where this replica has heard only one. */
  readonly gap: number
  readonly heartbeat: Heartbeat
  /** `runId` of who sent it. */
  readonly run: string
}

/** What a ConfigMap tells of one member. */
export interface ToldSighting {
  /** `memberId` of its uid. */
  readonly member: string
  /** Milliseconds between its last heartbeat and the writing; rounded up, so that nobody looks younger than he is. */
  readonly age: number
  /** Milliseconds between that one and the one before, rounded up; infinite where none is known. */
  readonly gap: number
  readonly heartbeat: Heartbeat
  /** Undefined where an older version tells. */
  readonly run: string | undefined
}

export interface ToldSightings {
  /** By the wall clock of the replica that wrote it, ms since the epoch. */
  readonly written: number
  readonly members: readonly ToldSighting[]
}

/** What the codec looks at in a ConfigMap. */
export interface SightingsContent {
  readonly data?: Readonly<Record<string, string>>
  /** Values in base64. */
  readonly binaryData?: Readonly<Record<string, string>>
}

/** Another one means that an older reader would misread what follows. */
const form = '2'
const memberBytes = 15
/** An entry: the member, its age and the gap before in tenths of a second, and which of the heartbeats it sent. */
const entryBytes = memberBytes + 2 + 2 + 2
const ageUnit = 100
/** Apart from the entries and in their order, so that a version that knows of no runs reads those all the same. */
const runBytes = 3
const runChars = (runBytes / 3) * 4
/** Stands for a gap that is longer than an entry can say, or for none. */
const noGap = 0xffff
/** Nothing older is told: an entry holds no more. Milliseconds, and far above the silence of any lost member. */
export const oldestSighting = 0xffff * ageUnit
/** An object may have a megabyte; a fleet of 10,000 takes a quarter of it, and one of 37,500 needs a second. */
const maxBytes = 900_000

const contentSchema = z.object({
  data: z.object({ form: z.literal(form), written: z.string(), heartbeats: z.string() }),
  binaryData: z.object({ members: z.string(), runs: z.string().optional() }),
})
const heartbeatsSchema = z.array(heartbeatSchema)

/** The name of a replica's ConfigMap, or of a further one; its identity may be no name of an object itself. */
export function sightingsName(identity: string, part = 0): string {
  const name = `conjoin-sightings-${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`
  return part === 0 ? name : `${name}.${part}`
}

/** The name of the first ConfigMap of the replica that this one is of. */
export function firstPartOf(name: string): string {
  return name.replace(/\.\d+$/, '')
}

/** Stands for a uid, of whatever length, in few bytes. */
export function memberId(uid: string): string {
  return sha256(uid).slice(0, (memberBytes / 3) * 4)
}

/** Stands for one run of a process of a member, with the key that it beats with, in few bytes. */
export function runId(keyId: string, boot: string): string {
  return sha256(`${keyId} ${boot}`).slice(0, runChars)
}

/** What each object tells, where one has no room for all; one at least. What is older than `oldestSighting` is left out. */
export function splitSightings(sightings: readonly Sighting[]): readonly (readonly Sighting[])[] {
  let part: Sighting[] = []
  const parts = [part]
  let texts = new Set<string>()
  let bytes = 0
  for (const sighting of sightings) {
    if (sighting.age > oldestSighting) continue
    const text = JSON.stringify(sighting.heartbeat)
    if (bytes + entryBytes + runBytes + text.length + 1 > maxBytes) {
      part = []
      parts.push(part)
      texts = new Set()
      bytes = 0
    }
    bytes += entryBytes + runBytes + (texts.has(text) ? 0 : text.length + 1)
    texts.add(text)
    part.push(sighting)
  }
  return parts
}

/** Of one part. `written` is ms since the epoch; `replica` is for people. */
export function encodeSightings(
  replica: string,
  written: number,
  sightings: readonly Sighting[],
): Required<SightingsContent> {
  const heartbeats = new Map<string, number>()
  const entries = sightings.map(({ uid, age, gap, heartbeat }) => {
    const text = JSON.stringify(heartbeat)
    const index = heartbeats.get(text) ?? heartbeats.size
    heartbeats.set(text, index)
    return encodeEntry(memberId(uid), { age, gap }, index)
  })
  return {
    data: { form, replica, written: formatTimestamp(written), heartbeats: `[${[...heartbeats.keys()].join(',')}]` },
    binaryData: {
      members: Buffer.concat(entries).toString('base64'),
      runs: Buffer.from(sightings.map(({ run }) => run).join(''), 'base64url').toString('base64'),
    },
  }
}

/** Undefined for what a newer writer, or a user, has made of it. Never throws. */
export function decodeSightings(content: SightingsContent): ToldSightings | undefined {
  const parsed = contentSchema.safeParse(content)
  if (!parsed.success) return undefined
  const { data, binaryData } = parsed.data
  const written = parseTimestamp(data.written)
  const heartbeats = parseHeartbeats(data.heartbeats)
  const bytes = Buffer.from(binaryData.members, 'base64')
  if (written === undefined || heartbeats === undefined || bytes.length % entryBytes !== 0) return undefined
  const runs = Buffer.from(binaryData.runs ?? '', 'base64').toString('base64url')
  const members: ToldSighting[] = []
  for (let at = 0; at < bytes.length; at += entryBytes) {
    const [age = 0, gap = noGap, index = 0] = [0, 2, 4].map((offset) => bytes.readUInt16BE(at + memberBytes + offset))
    const heartbeat = heartbeats[index]
    if (heartbeat === undefined) return undefined
    const member = bytes.toString('base64url', at, at + memberBytes)
    const run = runs.slice(members.length * runChars, (members.length + 1) * runChars) || undefined
    members.push({ member, age: age * ageUnit, gap: gap === noGap ? Infinity : gap * ageUnit, heartbeat, run })
  }
  return { written, members }
}

/**
 * When each member was last heard, for people: RFC 3339 by the clocks of the replicas, which may differ. The ConfigMaps
 * are half a minute old, or a quarter of the interval; one that cannot be read is left out.
 */
export function readLastSeen(configMaps: readonly SightingsContent[]): (uid: string) => string | undefined {
  const seen = new Map<string, number>()
  for (const { written, members } of configMaps.flatMap((content) => decodeSightings(content) ?? []))
    for (const { member, age } of members) seen.set(member, Math.max(written - age, seen.get(member) ?? 0))
  return (uid) => {
    const at = seen.get(memberId(uid))
    return at === undefined ? undefined : formatTimestamp(at)
  }
}

function encodeEntry(member: string, { age, gap }: Pick<Sighting, 'age' | 'gap'>, index: number): Buffer {
  const entry = Buffer.alloc(entryBytes)
  entry.write(member, 'base64url')
  entry.writeUInt16BE(Math.ceil(age / ageUnit), memberBytes)
  entry.writeUInt16BE(Math.min(Math.ceil(gap / ageUnit), noGap), memberBytes + 2)
  // Far below 65,536 of them find room.
  entry.writeUInt16BE(index, memberBytes + 4)
  return entry
}

function parseHeartbeats(text: string): readonly Heartbeat[] | undefined {
  try {
    return heartbeatsSchema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
