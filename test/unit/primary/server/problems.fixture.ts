/** Requests to a join server, and what every problem that it answers has to look like. */
import assert from 'node:assert/strict'
import type { JoinServerDeps } from '../../../../src/primary/server/join-server.ts'
import {
  challengePath,
  heartbeatPath,
  joinPath,
  leavePath,
  problemSchema,
  proofHeader,
  rekeyPath,
} from '../../../../src/protocol/wire.ts'
import { admittingServer } from './join-server.fixture.ts'

/** One of each. */
export const routes = [challengePath, joinPath, heartbeatPath('east'), rekeyPath('east'), leavePath('east')]
export const json = { 'content-type': 'application/json' }
export const memberHeaders = { ...json, authorization: 'DPoP a.b.c', [proofHeader]: 'd.e.f' }

/** Posts to a server with these parts, as a member does where nothing else is said. */
export function ask(deps: Partial<JoinServerDeps> = {}) {
  const server = admittingServer(deps)
  return async (url: string, payload: string | Buffer = '{}', headers: Record<string, string> = memberHeaders) =>
    server.inject({ method: 'POST', url, headers, payload })
}

export type Response = Awaited<ReturnType<ReturnType<typeof ask>>>

/** A problem of RFC 9457 with this status and code, and nothing in it of how the primary is made. */
export function assertProblem(response: Response, status: number, code: string, what: string): void {
  assert.equal(response.statusCode, status, `${what}: ${response.payload}`)
  assert.equal(response.headers['content-type'], 'application/problem+json', what)
  assert.equal(response.headers['cache-control'], 'no-store', what)
  const problem = problemSchema.parse(response.json())
  assert.deepEqual([problem.status, problem.code], [status, code], what)
  assert.deepEqual(Object.keys(response.json()).toSorted(), ['code', 'detail', 'status', 'title', 'type'], what)
  assert.doesNotMatch(response.payload, /fst_|fastify|node:|\.ts|\bat \S+:\d+|stack|secret-inside/i, what)
}
