/** `token`: the join tokens of a primary. Each thing to do with them is a command in a file of its own. */
import { Command } from 'commander'
import type { Surroundings } from '../surroundings.ts'
import { tokenCreateCommand } from './token-create.ts'
import { tokenListCommand } from './token-list.ts'
import { tokenRevokeCommand } from './token-revoke.ts'
import { tokenShowCommand } from './token-show.ts'

export function tokenCommand(surroundings: Surroundings): Command {
  return new Command('token')
    .description('create, list, show and revoke join tokens on a primary')
    .addCommand(tokenCreateCommand(surroundings))
    .addCommand(tokenListCommand(surroundings))
    .addCommand(tokenShowCommand(surroundings))
    .addCommand(tokenRevokeCommand(surroundings))
}
