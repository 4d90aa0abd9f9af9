/** What is left to say of a simulated week when it is over: who is what on which side, what was written, and how much memory was used. */
import { mcClusterInfoName } from '../../../src/api/mc-cluster-info.ts'
import { mcIdentityName } from '../../../src/api/mc-identity.ts'
import { primaryIdentityName } from '../../../src/api/primary-identity.ts'
import { primaryTlsName } from '../../../src/api/primary-tls.ts'
import { type Secret, secretKind } from '../../../src/kube/objects.ts'
import { usualPrimary } from '../../../tools/installation.ts'
import { secretsIn, tokenSecrets } from '../../support/scene-secrets.ts'
import { type Finding, searchSecrets } from '../../support/secret-search.ts'
import type { Life, LongSilence } from './life.ts'
import type { Member } from './member.ts'
import type { World } from './world.ts'

export interface WeekTask {
  readonly hours: number
  readonly members: number
  readonly replicas: number
  /** Milliseconds. */
  readonly interval: number
  readonly seed: number
  /** Where what happens is written, line by line. */
  readonly journal: string
}

/** What both sides say of one membership. */
export interface BothSides {
  readonly said: {
    readonly name: string
    /** By `status.id` and by `spec.member`. */
    readonly uids: readonly (string | undefined)[]
    /** Whether the key that the secondary uses is the one that the primary knows. */
    readonly isSameKey: boolean
    /** `type=status/reason`, in order. */
    readonly conditions: readonly string[]
    readonly status: string | undefined
    readonly msg: string | undefined
    readonly hasClusterInfo: boolean
  }
  /** Milliseconds between `lastSeen` and the right time. */
  readonly lastSeenAge: number
  /** Milliseconds since a heartbeat was answered with `ok`. */
  readonly heardAge: number
}

export interface WeekReport {
  readonly uids: Readonly<Record<string, string>>
  readonly memberships: readonly BothSides[]
  /** Clusters that are stored. */
  readonly clusters: readonly string[]
  /** Who is to be out, and is not on both sides: with what its status says. */
  readonly notOut: readonly { readonly name: string; readonly msg: string | undefined }[]
  /** How many of the members run the whole agent, over TLS. */
  readonly whole: number
  /** How often the primary has renewed its TLS certificate. */
  readonly renewals: number
  /** How often somebody began to lead whose clock was ahead. */
  readonly ledAhead: number
  /** How often somebody began to lead whose clock was not that of the leader before. */
  readonly clockChanges: number
  /** How many have joined and gone, on both sides. */
  readonly gone: number
  /** How often each kind of thing has happened. */
  readonly happened: Readonly<Record<string, number>>
  readonly falseAlarms: readonly string[]
  readonly silences: readonly LongSilence[]
  /** In use at the end of each day, bytes. */
  readonly memory: readonly number[]
  /** Of the replicas, by `verb resource/subresource`. */
  readonly writes: Readonly<Record<string, number>>
  /** Secrets in the logs; and the same when one had been planted. */
  readonly findings: readonly Finding[]
  readonly planted: readonly Finding[]
}

export async function reportOn(
  world: World,
  life: Life,
  measured: Pick<WeekReport, 'memory' | 'writes'>,
): Promise<WeekReport> {
  return {
    ...measured,
    uids: Object.fromEntries([...life.members].map(({ name, uid }) => [name, uid])),
    memberships: [...life.members].map((member) => bothSidesOf(world, member)),
    clusters: world.ledger.clusters().map(({ metadata }) => metadata.name),
    notOut: [...life.leaving.keys()].map((member) => ({ name: member.name, msg: member.status()?.msg })),
    whole: [...life.members].filter(({ isWhole }) => isWhole).length,
    renewals: world.witness.counts().get('primary info the TLS certificate is renewed') ?? 0,
    ledAhead: world.ledAhead(),
    clockChanges: world.clockChanges(),
    gone: life.gone(),
    happened: life.happened,
    falseAlarms: world.falseAlarms,
    silences: life.silences,
    ...(await searchLogs(world, life)),
  }
}

function bothSidesOf({ ledger, timeline }: World, member: Member): BothSides {
  const { status, spec } = ledger.cluster(member.name) ?? {}
  const own = member.status()
  const conditions = (status?.conditions ?? []).map(({ type, status: is, reason }) => `${type}=${is}/${reason}`)
  return {
    said: {
      name: member.name,
      uids: [status?.id, spec?.member?.uid],
      isSameKey: spec?.member !== undefined && spec.member.keyId === member.keyId(),
      conditions: conditions.toSorted(),
      status: own?.status,
      msg: own?.msg,
      hasClusterInfo: member.objects.stored(mcClusterInfoName) !== undefined,
    },
    lastSeenAge: member.clock.now() - Date.parse(status?.lastSeen ?? ''),
    heardAge: timeline.elapsed() - (member.heardAt() ?? Number.NEGATIVE_INFINITY),
  }
}

async function searchLogs(
  { admin, witness }: World,
  { members, tokens }: Life,
): Promise<Pick<WeekReport, 'findings' | 'planted'>> {
  const ofPrimary = [primaryIdentityName, primaryTlsName].map(async (name) =>
    admin.get<Secret>(secretKind, { namespace: usualPrimary.home, name }),
  )
  const held = [...members].flatMap(({ objects }) =>
    [mcIdentityName, mcClusterInfoName].map((name) => objects.stored(name)),
  )
  const stored = [...(await Promise.all(ofPrimary)), ...held].filter((secret) => secret !== undefined)
  const secrets = [...stored.flatMap(secretsIn), ...tokens.flatMap((token) => tokenSecrets('a join token', token))]
  const find = () => searchSecrets([{ where: 'the logs', text: witness.words() }], secrets)
  const findings = find()
  witness.logger('test', 'test').info({ told: `before ${tokens[0]} after` }, 'planted')
  return { findings, planted: find() }
}
