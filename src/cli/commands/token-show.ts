/** `token show`: what one join token is. The only command that prints a token, and only where it is asked to. */
import { Command } from 'commander'
import { annotations } from '../../api/group.ts'
import { decodeJoinTokenData, joinTokenType } from '../../api/join-token-secret.ts'
import { type Secret, secretKind } from '../../kube/objects.ts'
import { kubectl } from '../diagnosis/command-line.ts'
import { CliError, misuse } from '../errors.ts'
import { type ClusterFlags, clusterFlags, primaryNamespace, secondaryNamespace } from '../flags.ts'
import { type Invitation, mcJoinManifest } from '../manifests.ts'
import { onCluster } from '../on-cluster.ts'
import { yamlText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
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
  const invitation = invitationOf(secret, flags)
  const state = stateOf(secret, clock.now())
  if (state !== 'usable') say(`nobody can join with it: ${state}`)
  say('this is a secret: whoever has it can join; keep it out of logs and repositories')
  print(flags.manifest ? yamlText(mcJoinManifest(invitation)) : `${invitation.token.reveal()}\n`)
}

/** Throws `CliError` where the Secret is missing or something else. */
export function joinTokenSecret(
  secret: Secret | undefined,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  flags: ClusterFlags,
): Secret {
  if (secret?.type === joinTokenType) return secret
  const what = secret === undefined ? `there is no join token ${name}` : `the Secret ${name} is no join token`
  throw new CliError(`${what} in ${namespace}`, { next: kubectl(flags, 'conjoin', 'token', 'list', '-n', namespace) })
}

function invitationOf(secret: Secret, flags: Flags): Invitation {
  const { endpoint, token } = decodeJoinTokenData(secret.data)
  const { name, namespace = primaryNamespace, annotations: stored = {} } = secret.metadata
  if (endpoint !== undefined && token !== undefined)
    return { namespace: flags.secondaryNamespace, endpoint, token, clusterName: stored[annotations.clusterName] }
  const isIssued = stored[annotations.tokenId] !== undefined
  throw new CliError(
    isIssued ? `the token of ${name} has been blanked, as it was asked to be` : `${name} has not been filled yet`,
    {
      next: isIssued
        ? kubectl(flags, 'conjoin', 'token', 'create', '-n', namespace)
        : kubectl(flags, 'conjoin', 'status'),
    },
  )
}
