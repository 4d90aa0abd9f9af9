/** kubectl as a test uses it: a failure is the test's, and Secrets can be read. */
import assert from 'node:assert/strict'
import type { Secret } from '../../src/kube/objects.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'

/** `data` of a Secret in plain text. */
export type Plain = Readonly<Record<string, string>>

/** Runs kubectl and gives its standard output; a failure of kubectl fails the test with its words. */
export async function kubectl(controlPlane: ClusterAccess, args: readonly string[], input?: string): Promise<string> {
  const result = await controlPlane.kubectl(args, input === undefined ? {} : { input })
  assert.equal(result.exitCode, 0, `kubectl ${args.join(' ')} on ${controlPlane.name}: ${result.stderr}`)
  return result.stdout.trimEnd()
}

/** The data of a Secret, decoded. */
export function plain(secret: Secret): Plain {
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}
