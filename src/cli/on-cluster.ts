/** Opens a cluster for a command and closes it again; what fails there is told in the words of `errors.ts`. */
import type { Target } from './command-line.ts'
import { CliError, explain } from './errors.ts'
import type { Connection, ConnectionOptions, Surroundings } from './surroundings.ts'

/** Throws `CliError` for what the cluster refuses, and whatever else `work` throws. */
export async function onCluster<T>(
  surroundings: Pick<Surroundings, 'connect'>,
  target: Target & ConnectionOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await open(surroundings, target)
  try {
    return await work(connection)
  } catch (error) {
    throw explain(error, target)
  } finally {
    await connection.close()
  }
}

async function open(surroundings: Pick<Surroundings, 'connect'>, target: Target & ConnectionOptions) {
  try {
    return await surroundings.connect(target, target)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new CliError(message, { next: 'kubectl config get-contexts', cause: error })
  }
}
