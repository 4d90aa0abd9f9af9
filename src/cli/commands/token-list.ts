/** `token list`: the join tokens of a primary and whether one could join with them. No token is printed, in no format. */
import { Command } from 'commander'
import { joinTokenType } from '../../api/join-token-secret.ts'
import { secretKind } from '../../kube/objects.ts'
import { type ClusterFlags, clusterFlags, type OutputFormat, outputFlag, primaryNamespace } from '../flags.ts'
import { onCluster } from '../on-cluster.ts'
import { jsonText, listOf, objectName, tableText, yamlText } from '../output.ts'
import type { Surroundings } from '../surroundings.ts'
import { tokenColumns, tokenRow, withoutData } from '../token-text.ts'

interface Flags extends ClusterFlags {
  readonly output?: Exclude<OutputFormat, 'wide'>
}

export function tokenListCommand(surroundings: Surroundings): Command {
  const command = new Command('list').alias('ls').description('list join tokens: their state, uses, expiry and scope')
  outputFlag(clusterFlags(command, primaryNamespace), ['json', 'yaml', 'name'])
  return command.action(async (flags: Flags) => list(surroundings, flags))
}

async function list({ print, say, clock, ...surroundings }: Surroundings, flags: Flags): Promise<void> {
  const { namespace = primaryNamespace, output } = flags
  const tokens = await onCluster(surroundings, flags, async ({ client }) => {
    const { items } = await client.list(secretKind, { namespace, fieldSelector: `type=${joinTokenType}` })
    return items.map(withoutData)
  })
  switch (output) {
    case 'json':
      return print(jsonText(listOf(tokens)))
    case 'yaml':
      return print(yamlText(listOf(tokens)))
    case 'name':
      return print(tokens.map(({ metadata }) => `${objectName(secretKind, metadata.name)}\n`).join(''))
    case undefined:
      if (tokens.length === 0) return say(`No join tokens found in ${namespace} namespace.`)
      print(
        tableText(
          tokenColumns,
          tokens.map((secret) => tokenRow(secret, clock.now())),
        ),
      )
  }
}
