/** The real promtool. */
import { type Finished, run } from '../../tools/controlplane/run.ts'
import { ensurePrograms } from '../../tools/programs/binaries.ts'

/** Never throws on a non-zero exit. */
export async function promtool(args: readonly string[], input = ''): Promise<Finished> {
  const { promtool } = await ensurePrograms(['promtool'], console.error)
  return run(promtool, args, { input, env: { PATH: process.env['PATH'] } })
}
