/** A join as a dry run: what would be written on both sides. No token is issued for it, so nothing is waited for. */
import { Redacted } from '../../lib/redacted.ts'
import { createChanges } from '../changes.ts'
import type { DryRun } from '../flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { give } from './give.ts'
import { givenTo, type JoinWishes } from './plan.ts'
import { at, readGiven, type Side } from './sides.ts'
import { makeToken, namedToken } from './token.ts'

/** In the place of what only an issued token has. */
const unknown = { endpoint: '', token: new Redacted('') }

export interface RehearsalDeps {
  readonly surroundings: Pick<Surroundings, 'print' | 'clock'>
  readonly primary: Side
  readonly secondary: Side
}

/** `uid` is that of the joining cluster. Throws `CliError`. */
export async function rehearse(
  { surroundings, primary, secondary }: RehearsalDeps,
  wishes: JoinWishes & { readonly token: string | undefined; readonly dryRun: DryRun },
  uid: string,
): Promise<void> {
  const { print, clock } = surroundings
  const { name, token, dryRun } = wishes
  const { namespace } = primary
  await at(primary, async (client) =>
    token === undefined
      ? makeToken({ changes: createChanges({ client, print, dryRun }), clock }, { namespace, uid, name })
      : namedToken({ ...primary, clock }, { namespace, name: token }),
  )
  const stored = await readGiven(secondary)
  const invitation = { ...unknown, namespace: secondary.namespace }
  const given = givenTo(stored, invitation, wishes, new Date(clock.now()).toISOString())
  await at(secondary, async (client) => give(createChanges({ client, print, dryRun }), stored, given))
}
