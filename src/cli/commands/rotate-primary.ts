/** `rotate primary`: rolls the primary's signing key, or gives up one that somebody else may have. Its leader carries it out. */
import { Command } from 'commander'
import { primaryIdentityName } from '../../api/primary-identity.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { Secret } from '../../kube/objects.ts'
import { type Changes, createChanges } from '../changes.ts'
import { kubectl } from '../command-line.ts'
import { usualPlaces } from '../diagnosis/gather/places.ts'
import { CliError } from '../errors.ts'
import { type ClusterFlags, clusterFlags, type DryRun, dryRunFlag, timeoutFlag } from '../flags.ts'
import { onCluster } from '../on-cluster.ts'
import { announcementOf, askForRoll, giveUp, heldBy, type RollView, readPrimarySecret, rollOf } from '../rolling.ts'
import type { Surroundings } from '../surroundings.ts'
import { waitFor } from '../wait.ts'

interface Flags extends ClusterFlags {
  readonly compromised?: string
  readonly timeout: number
  readonly dryRun: DryRun
}

export function rotatePrimaryCommand(surroundings: Surroundings): Command {
  const command = new Command('primary')
    .description("replace this primary's signing key: announced to its members first, and without a new join")
    .option('--compromised <thumbprint>', 'give up this key at once; who trusts it needs a new mc-join')
  timeoutFlag(dryRunFlag(clusterFlags(command, usualPlaces.operator)), '30s')
  return command.action(async (flags: Flags) => run(surroundings, flags))
}

async function run(surroundings: Surroundings, flags: Flags): Promise<void> {
  const { dryRun, compromised, namespace = usualPlaces.operator } = flags
  await onCluster(surroundings, { ...flags, withoutEffect: dryRun === 'server' }, async ({ client }) => {
    const secret = await readPrimarySecret(client, namespace)
    const before = rollOf(secret)
    if (secret === undefined || before === undefined)
      throw new CliError(`there is no signing key of a primary in the Secret ${primaryIdentityName} of ${namespace}`, {
        next: kubectl(flags, 'conjoin', 'status'),
      })
    const asked = { client, namespace, secret, before, changes: createChanges({ ...surroundings, client, dryRun }) }
    await (compromised === undefined ? roll(surroundings, flags, asked) : drop(surroundings, flags, asked, compromised))
  })
}

interface Asked {
  readonly client: KubeClient
  readonly namespace: string
  readonly secret: Secret
  readonly before: RollView
  readonly changes: Changes
}

async function roll(surroundings: Surroundings, flags: Flags, { changes, secret, before, ...asked }: Asked) {
  const value = await askForRoll(changes, secret, surroundings.clock.now())
  if (flags.dryRun !== 'none') return
  const pending = announcementOf(before)
  if (pending !== undefined) return surroundings.say(`a roll is going on already: ${pending}`)
  const after = await untilRolled(surroundings, flags, asked, ({ rotated }) => rotated === value)
  surroundings.say(announcementOf(after) ?? `the signing key is ${after.current} now`)
}

async function drop(
  surroundings: Surroundings,
  flags: Flags,
  { changes, secret, before, ...asked }: Asked,
  kid: string,
) {
  if (!heldBy(before).includes(kid))
    throw new CliError(`this primary holds no key ${kid}; it holds ${heldBy(before).join(', ')}`, {
      next: kubectl(flags, 'conjoin', 'status'),
    })
  await giveUp(changes, secret, kid)
  if (flags.dryRun !== 'none') return
  const after = await untilRolled(surroundings, flags, asked, (view) => !heldBy(view).includes(kid))
  surroundings.say(
    `${kid} is given up, and the signing key is ${after.current}; members that trust the other one say PrimaryKeyMismatch, and need a new mc-join with a token that is issued from now on`,
  )
}

/** Throws `CliError` where nobody follows in time. */
async function untilRolled(
  surroundings: Surroundings,
  flags: Flags,
  { client, namespace }: Pick<Asked, 'client' | 'namespace'>,
  isDone: (view: RollView) => boolean,
): Promise<RollView> {
  const end = await waitFor(surroundings, flags.timeout, async () => {
    const view = rollOf(await readPrimarySecret(client, namespace))
    return view !== undefined && isDone(view) ? view : undefined
  })
  if (end !== undefined) return end
  throw new CliError(
    `nothing has happened after ${flags.timeout / 1000} s; it is done as soon as an operator leads, and stays asked for`,
    { next: kubectl(flags, 'conjoin', 'status') },
  )
}
