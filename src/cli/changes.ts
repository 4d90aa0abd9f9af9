/**
 * The changes that a command makes, each with the line that kubectl would print for it. A dry run of the client sends
 * nothing; that of the server is the connection's. No value of a Secret is printed.
 */
import type { Applied, KubeClient } from '../kube/client.ts'
import type { Kind, KubeObject, ObjectKey } from '../kube/objects.ts'
import type { DryRun, OutputFormat } from './flags.ts'
import { objectName } from './output.ts'
import type { Surroundings } from './surroundings.ts'

/** Of every field that a command writes. */
const fieldManager = 'kubectl-conjoin'

const suffixes = { none: '', client: ' (dry run)', server: ' (server dry run)' } as const

export interface ChangesDeps {
  readonly client: KubeClient
  readonly print: Surroundings['print']
  readonly dryRun: DryRun
  readonly output?: OutputFormat | undefined
}

/** Of the object that was looked at: another one is not touched. */
interface Preconditions {
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

/** Every method throws `KubeApiError`. */
export interface Changes {
  /** What has been created; in a dry run of the client, what would be. */
  create<T extends KubeObject>(kind: Kind<T>, object: T): Promise<T>
  /** Takes over the fields that `object` names, whoever owned them. */
  apply<T extends KubeObject>(kind: Kind<T>, object: Applied<T>): Promise<void>
  /** Writes the whole object; a Conflict where it has changed since it was read. */
  replace<T extends KubeObject>(kind: Kind<T>, object: T): Promise<void>
  /** JSON merge patch; `done` is the word for it, like `annotated`. */
  patch(kind: Kind, key: ObjectKey, patch: object, done: string): Promise<void>
  /** Says nothing of what is gone already. */
  delete(kind: Kind, key: ObjectKey, preconditions?: Preconditions): Promise<void>
  /** Says that nothing had to be done. */
  unchanged(kind: Kind, name: string): void
}

export function createChanges({ client, print, dryRun, output }: ChangesDeps): Changes {
  const isSent = dryRun !== 'client'

  function tell(kind: Kind, name: string, done: string): void {
    if (output === undefined) print(`${objectName(kind, name)} ${done}${suffixes[dryRun]}\n`)
    if (output === 'name') print(`${objectName(kind, name)}\n`)
  }

  return {
    async create(kind, object) {
      const created = isSent ? await client.create(kind, object, { fieldManager }) : object
      tell(kind, created.metadata.name, 'created')
      return created
    },

    async apply(kind, object) {
      const { namespace, name } = object.metadata
      const key = namespace === undefined ? { name } : { namespace, name }
      const before = await client.get(kind, key)
      const after = isSent ? await client.apply(kind, object, { fieldManager, force: true }) : undefined
      const isSame = before !== undefined && before.metadata.resourceVersion === after?.metadata.resourceVersion
      tell(kind, name, before === undefined ? 'created' : isSame ? 'unchanged' : 'configured')
    },

    async replace(kind, object) {
      if (isSent) await client.replace(kind, object, { fieldManager })
      tell(kind, object.metadata.name, 'replaced')
    },

    async patch(kind, key, patch, done) {
      if (isSent) await client.mergePatch(kind, key, patch, { fieldManager })
      tell(kind, key.name, done)
    },

    async delete(kind, key, preconditions = {}) {
      if (!isSent || (await client.delete(kind, key, preconditions))) tell(kind, key.name, 'deleted')
    },

    unchanged(kind, name) {
      tell(kind, name, 'unchanged')
    },
  }
}
