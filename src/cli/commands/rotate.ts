/** `rotate`: gives a role another key. Each role has a command in a file of its own. */
import { Command } from 'commander'
import type { Surroundings } from '../surroundings.ts'
import { rotateMemberCommand } from './rotate-member.ts'
import { rotatePrimaryCommand } from './rotate-primary.ts'

export function rotateCommand(surroundings: Surroundings): Command {
  return new Command('rotate')
    .description('replace a signing key')
    .addCommand(rotateMemberCommand(surroundings))
    .addCommand(rotatePrimaryCommand(surroundings))
}
