/** Where the program starts: its arguments choose a command, and what that needs is loaded for it alone. */
import { type CliConfig, ConfigError, readCommand, usage, version } from './config.ts'

const exitCodes = { ok: 0, misused: 2 } as const

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2))
  switch (command.kind) {
    case 'help':
      console.log(usage)
      return runCli({ args: ['--help'], kubeconfigs: [], noColor: true })
    case 'cli':
      return runCli(command.config)
    case 'version':
      console.log(version)
      return exitCodes.ok
    case 'primary':
    case 'secondary': {
      const { runRole } = await import('./role.ts')
      return runRole(command)
    }
  }
}

async function runCli({ args, kubeconfigs, noColor }: CliConfig): Promise<number> {
  const { runCommand } = await import('./cli/cli.ts')
  const { processSurroundings } = await import('./cli/surroundings.ts')
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Error('interrupted')))
  return runCommand(args, processSurroundings({ kubeconfigs, noColor, version, signal: stop.signal }))
}

try {
  // Not by an empty event loop: a role that failed may have left something open.
  process.exit(await main())
} catch (error) {
  if (!(error instanceof ConfigError)) throw error
  console.error(`conjoin: ${error.message}\nRun "conjoin help" for the flags.`)
  process.exit(exitCodes.misused)
}
