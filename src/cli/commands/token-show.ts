/** `token show`: what one join token is. The only command that prints a token, and only where it is asked to. */
import { Command } from 'commander'
import { secretKind } from '../../kube/objects.ts'
import { misuse } from '../errors.ts'
import { type ClusterFlags, clusterFlags, primaryNamespace, secondaryNamespace } from '../flags.ts'
import { mcJoinManifest } from '../manifests.ts'
import { onCluster } from '../on-cluster.ts'
import { yamlText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { invitationBy, joinTokenSecret } from '../token-secret.ts'
import { stateOf, tokenDescription } from '../token-text.ts'

interface Flags extends ClusterFlags {
  readonly reveal?: boolean
  readonly manifest?: boolean
  readonly secondaryNamespace: string
}

export function tokenShowCommand(surroundings: Surroundings): Command {
  const command = new Command('show')
    .description('describe a join token; with --manifest print what a secondary needs')
    .argument('<name>', 'of the Secret')
    .option('--reveal', 'print the token, and nothing else')
    .option('--manifest', 'print the Secret mc-join for a secondary; it holds the token')
    .option('--secondary-namespace <name>', 'namespace that --manifest names', secondaryNamespace)
  return clusterFlags(command, primaryNamespace).action(async (name: string, flags: Flags) => {
    if (flags.reveal && flags.manifest) throw misuse('--reveal and --manifest exclude each other', 'token show')
    await show(surroundings, name, flags)
  })
}

async function show(surroundings: Surroundings, name: string, flags: Flags): Promise<void> {
  const secret = await onCluster(surroundings, flags, async ({ client }) => {
    const key = { namespace: flags.namespace ?? primaryNamespace, name }
    return joinTokenSecret(await client.get(secretKind, key), key, flags)
  })
  const { print, say, clock } = surroundings
  if (!flags.reveal && !flags.manifest) return print(tokenDescription(secret, clock.now()))
  const invitation = invitationBy(secret, flags.secondaryNamespace, flags)
  const state = stateOf(secret, clock.now())
  if (state !== 'usable') say(`nobody can join with it: ${state}`)
  say('this is a secret: whoever has it can join; keep it out of logs and repositories')
  print(flags.manifest ? yamlText(mcJoinManifest(invitation)) : `${invitation.token.reveal()}\n`)
}
