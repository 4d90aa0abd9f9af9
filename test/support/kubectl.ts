/** kubectl as a test uses it: a failure is the test's, objects come as JSON, and Secrets can be read. */
import assert from 'node:assert/strict'
import type { KubeObject, Secret } from '../../src/kube/objects.ts'
import type { ControlPlane } from '../../tools/controlplane/control-plane.ts'

/** `data` of a Secret in plain text. */
export type Plain = Readonly<Record<string, string>>

/** Runs kubectl and gives its standard output; a failure of kubectl fails the test with its words. */
export async function kubectl(controlPlane: ControlPlane, args: readonly string[], input?: string): Promise<string> {
  const result = await controlPlane.kubectl(args, input === undefined ? {} : { input })
  assert.equal(result.exitCode, 0, `kubectl ${args.join(' ')} on ${controlPlane.name}: ${result.stderr}`)
  return result.stdout.trimEnd()
}

/** The object, or undefined where it does not exist. */
export async function read<T extends KubeObject>(
  controlPlane: ControlPlane,
  namespace: string,
  kind: string,
  name: string,
): Promise<T | undefined> {
  const text = await kubectl(controlPlane, ['get', kind, name, '-n', namespace, '-o', 'json', '--ignore-not-found'])
  return text === '' ? undefined : (JSON.parse(text) as T)
}

/** The data of a Secret, decoded. */
export function plain(secret: Secret): Plain {
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
  )
}
