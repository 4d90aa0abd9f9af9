/** `kubectl conjoin`: which commands there are, and how one of them ends. What a command does is in its own file. */
import { Command, CommanderError } from 'commander'
import { approveCommand } from './commands/approve.ts'
import { clustersCommand } from './commands/clusters.ts'
import { disconnectCommand } from './commands/disconnect.ts'
import { initCommand } from './commands/init.ts'
import { joinCommand } from './commands/join.ts'
import { leaveCommand } from './commands/leave.ts'
import { purgeCommand } from './commands/purge.ts'
import { rotateCommand } from './commands/rotate.ts'
import { statusCommand } from './commands/status.ts'
import { tokenCommand } from './commands/token.ts'
import { versionCommand } from './commands/version.ts'
import { CliError, exitCodes, FoundWrong } from './errors.ts'
import { plainText } from './output.ts'
import type { Surroundings } from './surroundings.ts'

/** In the order of the help. */
const commands: readonly ((surroundings: Surroundings) => Command)[] = [
  initCommand,
  tokenCommand,
  joinCommand,
  approveCommand,
  disconnectCommand,
  leaveCommand,
  rotateCommand,
  purgeCommand,
  statusCommand,
  clustersCommand,
  versionCommand,
]

/** Runs one command and resolves with the exit code; its failure is told on the surroundings. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    await build(surroundings).parseAsync(args, { from: 'user' })
    return exitCodes.done
  } catch (error) {
    // Help that was asked for is a success; what is wrong with the arguments, commander has said itself.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.misused
    if (error instanceof FoundWrong) return exitCodes.failed
    if (error instanceof CliError) {
      surroundings.say(failureText(error, surroundings))
      return error.exitCode
    }
    if (!surroundings.signal.aborted) throw error
    surroundings.say('interrupted')
    return exitCodes.failed
  }
}

function build(surroundings: Surroundings): Command {
  const program = new Command('kubectl conjoin').description('Joins Kubernetes clusters under a primary.')
  for (const command of commands) program.addCommand(command(surroundings))
  prepare(program, [], surroundings)
  return program
}

/** Commander copies no settings to commands that it has not made itself. */
function prepare(command: Command, path: readonly string[], surroundings: Surroundings): void {
  const help = ['kubectl conjoin', ...path, '--help'].join(' ')
  command
    .exitOverride()
    .showHelpAfterError(`run next:\n  ${help}`)
    .configureHelp({ helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => surroundings.print(text),
      writeErr: (text) => surroundings.say(text.trimEnd()),
      outputError: (text, write) => write(text.replace(/^error:/, errorMark(surroundings))),
    })
  for (const child of command.commands) prepare(child, [...path, child.name()], surroundings)
}

function failureText(error: CliError, surroundings: Surroundings): string {
  return `${errorMark(surroundings)} ${plainText(error.message)}\nrun next:\n  ${error.next}`
}

function errorMark({ hasColor }: Surroundings): string {
  return hasColor ? '\u001B[31merror:\u001B[39m' : 'error:'
}
