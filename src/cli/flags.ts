/** The flags that commands share, with kubectl's names and meanings. Owns how their values are read. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../api/duration.ts'
import { usualPlaces } from './diagnosis/gather/places.ts'

/** Where kubectl would go without them. */
export interface ClusterFlags {
  readonly kubeconfig?: string
  readonly context?: string
  readonly namespace?: string
}

export type DryRun = 'none' | 'client' | 'server'

export type OutputFormat = 'json' | 'yaml' | 'name' | 'wide'

/** Where a command looks that knows on which side it is. */
export const { primary: primaryNamespace, secondary: secondaryNamespace } = usualPlaces

/** `--kubeconfig`, `--context`, `--namespace`. */
export function clusterFlags(command: Command, usualNamespace?: string): Command {
  const usual = usualNamespace === undefined ? '' : ` (default: ${usualNamespace})`
  return command
    .option('--kubeconfig <file>', 'kubeconfig to use instead of the usual ones')
    .option('--context <name>', 'context of the kubeconfig to use')
    .option('-n, --namespace <name>', `namespace to look in${usual}`)
}

/** `-o`; where it is left out the result is for people. */
export function outputFlag(command: Command, formats: readonly OutputFormat[]): Command {
  return command.addOption(new Option('-o, --output <format>', 'how to print the result').choices(formats))
}

/** `--dry-run`; without a value it is the client's. */
export function dryRunFlag(command: Command): Command {
  return command.addOption(
    new Option('--dry-run [mode]', 'print what would be done; "server" also asks the API server')
      .choices(['none', 'client', 'server'])
      .preset('client')
      .default('none'),
  )
}

/** `--timeout`, in milliseconds for the command. */
export function timeoutFlag(command: Command, usual: string): Command {
  return command.addOption(
    new Option('--timeout <duration>', 'how long to wait, like 90s or 5m')
      .argParser(durationArgument)
      .default(durationArgument(usual), usual),
  )
}

/** Milliseconds. Throws `InvalidArgumentError`. */
function durationArgument(text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined) throw new InvalidArgumentError('It is a duration like 30s, 15m, 24h or 1h30m.')
  return duration
}
