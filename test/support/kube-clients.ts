/** Clients that live as long as their test, and what their failures are. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { createClient, type KubeClient } from '../../src/kube/client.ts'
import { KubeApiError } from '../../src/kube/errors.ts'
import { connect } from '../../src/kube/transport.ts'

/** A client with connections of its own, which are closed at the end of the test. */
export async function clientWith(context: TestContext, kubeconfig: string): Promise<KubeClient> {
  const transport = await connect({ kubeconfig, userAgent: 'kube-test' })
  context.after(async () => transport.close())
  return createClient(transport)
}

/** What a call fails with; throws where it does not, or not as the client promises. */
export async function failureOf(call: Promise<unknown>): Promise<KubeApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof KubeApiError, `expected a KubeApiError, got ${String(error)}`)
  return error
}
