/** `status`: what this cluster is to conjoin, what is wrong with that, and the command for each. It changes nothing. */
import { Command } from 'commander'
import { diagnose } from '../diagnosis/diagnose.ts'
import { observe } from '../diagnosis/gather/observe.ts'
import type { Report } from '../diagnosis/report.ts'
import { FoundWrong } from '../errors.ts'
import { clusterFlags, outputFlag } from '../flags.ts'
import { onCluster } from '../on-cluster.ts'
import { jsonText, yamlText } from '../output.ts'
import { type PlaceFlags, placeFlags, placesOf } from '../place-flags.ts'
import type { Surroundings } from '../surroundings.ts'
import { statusText } from './status-text.ts'

interface Flags extends PlaceFlags {
  readonly primaryContext?: string
  readonly primaryKubeconfig?: string
  readonly output?: 'json' | 'yaml'
}

const help = `
Namespaces that are not named are those of the deployments of conjoin, where there are some.
Exit code: 0 where nothing is wrong, 1 where something is.`

export function statusCommand(surroundings: Surroundings): Command {
  const command = new Command('status')
    .description('say what is wrong on this cluster, primary or secondary, and what to do about it')
    .option('--primary-context <name>', 'context of the primary, for the commands that are to be run there')
    .option('--primary-kubeconfig <file>', 'kubeconfig of the primary, likewise')
    .addHelpText('after', help)
  return outputFlag(clusterFlags(placeFlags(command)), ['json', 'yaml']).action(async (flags: Flags) => {
    const report = await look(surroundings, flags)
    surroundings.print(formatted(report, flags.output))
    if (!report.healthy) throw new FoundWrong('something is wrong on this cluster')
  })
}

async function look(surroundings: Surroundings, flags: Flags): Promise<Report> {
  const { kubeconfig, context, primaryKubeconfig, primaryContext } = flags
  const here = { kubeconfig, context }
  const seen = await onCluster(surroundings, here, async ({ client }) =>
    observe({ client, clock: surroundings.clock }, placesOf(flags)),
  )
  return diagnose(seen, { here, primary: { kubeconfig: primaryKubeconfig, context: primaryContext } })
}

function formatted(report: Report, output: Flags['output']): string {
  switch (output) {
    case 'json':
      return jsonText(report)
    case 'yaml':
      return yamlText(report)
    case undefined:
      return statusText(report)
  }
}
