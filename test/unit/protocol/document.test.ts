/** The tables of docs/protocol.md say what the code does. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { leaseDurationMs } from '../../../src/kube/leader.ts'
import { approvalLimit, confirmationLimit, restoredLimit } from '../../../src/primary/cluster/cluster.decide.ts'
import { acknowledgedAge } from '../../../src/primary/cluster/tombstones.ts'
import { leastNonceLifetime } from '../../../src/primary/heartbeat/heartbeat-service.ts'
import { listEvery } from '../../../src/primary/join/token-source.ts'
import { maxWaiting } from '../../../src/primary/join/waiting-places.ts'
import { leaveNonceLifetime } from '../../../src/primary/leave/leave-service.ts'
import { joinLoad, memberLoad, newsLoad, rekeyLoad, sourceLoad } from '../../../src/primary/load/limits.ts'
import { rekeyNonceLifetime } from '../../../src/primary/rekey/rekey-service.ts'
import { closingPatience } from '../../../src/primary/server/closing.ts'
import { maxIdleConnections, requestTimeout } from '../../../src/primary/server/join-server.ts'
import { type Origin, protocolErrors } from '../../../src/protocol/error-table.ts'
import { type ErrorCode, meaningOf } from '../../../src/protocol/errors.ts'
import { maxNameLength } from '../../../src/protocol/fields.ts'
import { clockTolerance, joinNonceLifetime } from '../../../src/protocol/nonce.ts'
import { maxDepth } from '../../../src/protocol/strict-json.ts'
import { maxTokenLength } from '../../../src/protocol/token.ts'
import { maxAnswerBytes, maxRequestBytes } from '../../../src/protocol/wire.ts'
import { exchangeTimeout } from '../../../src/secondary/join/exchange.ts'
import { farewellTimeout } from '../../../src/secondary/membership/farewell.ts'
import { longestInterval, shortestInterval } from '../../../src/secondary/membership/heartbeat.decide.ts'
import { answerTimeout, maxRetryAfter } from '../../../src/secondary/primary-client/http.ts'
import { connectTimeout } from '../../../src/secondary/primary-client/tls.ts'

const root = join(import.meta.dirname, '../../..')
const document = readFileSync(join(root, 'docs/protocol.md'), 'utf8')

/** The rows of the first table under a heading, without its head. */
function tableUnder(heading: string): readonly string[] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
}

const seconds = (ms: number) => `${ms / 1000} s`
const minutes = (ms: number) => `${ms / 60_000} min`
const days = (ms: number) => `${ms / 86_400_000} d`
const kib = (bytes: number) => `${bytes / 1024} KiB`

const limits: Readonly<Record<string, string>> = {
  'body of a request': kib(maxRequestBytes),
  'answer that a secondary reads': kib(maxAnswerBytes),
  'join token': `${maxTokenLength} characters`,
  'name of a cluster': `${maxNameLength} characters`,
  'nesting of JSON': String(maxDepth),
  'life of a challenge': seconds(joinNonceLifetime),
  "life of a member's nonce, at least": minutes(leastNonceLifetime),
  'clocks of two replicas, apart': seconds(clockTolerance),
  'TLS handshake, header and body of a request, each': seconds(requestTimeout),
  'idle connections, then the oldest is closed': String(maxIdleConnections),
  'joins at work, and waiting; then 503': `${joinLoad.working}, ${joinLoad.waiting}`,
  'time without its API server, after which a replica answers everything with 503 and ends the connection':
    seconds(leaseDurationMs),
  'answers after a stop has begun': seconds(closingPatience),
  'requests of one address that prove nothing: at once, and each second; then 429': `${sourceLoad.burst}, ${sourceLoad.perSecond}`,
  'joins and heartbeats of one key: at once, and each second; then 503': `${memberLoad.burst}, ${memberLoad.perSecond}`,
  'new keys of one cluster: at once, and each minute; then 503': `${rekeyLoad.burst}, ${rekeyLoad.perSecond * 60}`,
  'changes of the `k10` of one cluster, by joins: at once, and each minute; then 503': `${newsLoad.burst}, ${newsLoad.perSecond * 60}`,
  'looks for an unknown token at the API server, one each': seconds(listEvery),
  'life of the nonce of a `leave` and of a `rekey`': seconds(Math.max(leaveNonceLifetime, rekeyNonceLifetime)),
  'tries of a `leave` at the secondary, together': seconds(farewellTimeout),
  'a disconnection that the cluster knows of is remembered for': minutes(acknowledgedAge),
  'wait for the first heartbeat of an accepted join': minutes(confirmationLimit),
  'wait for approval': days(approvalLimit),
  'wait for the first heartbeat of a Cluster restored without its status': days(restoredLimit),
  'clusters that wait for approval with one token; then 503': String(maxWaiting),
  'connection to a primary': seconds(connectTimeout),
  'answer of a primary': seconds(answerTimeout),
  'challenge and result together, at one endpoint': seconds(exchangeTimeout),
  'Retry-After that is believed': minutes(maxRetryAfter),
  'time between two heartbeats': `${seconds(shortestInterval)} to ${minutes(longestInterval)}`,
}

const words: Readonly<Record<Origin, string>> = { signed: 'signed', unsigned: 'unsigned', home: 'at home' }

function errorRow(code: ErrorCode): string {
  const { origins, http, final, what, remedy } = meaningOf(code)
  const origin = origins.map((name) => words[name]).join(', ')
  return `| \`${code}\` | ${origin} | ${http === 0 ? '–' : http} | ${final ? 'yes' : 'no'} | ${what} | ${remedy} |`
}

describe('docs/protocol.md', () => {
  it('has the error table of the code', () => {
    assert.deepEqual(tableUnder('Errors'), (Object.keys(protocolErrors) as ErrorCode[]).map(errorRow))
  })

  it('has the limits of the code', () => {
    assert.deepEqual(
      tableUnder('Limits'),
      Object.entries(limits).map(([limit, value]) => `| ${limit} | ${value} |`),
    )
  })

  it('has every type of a signed message', () => {
    const source = readFileSync(join(root, 'src/protocol/jws.ts'), 'utf8')
    const declared = /export type MessageType =([^;]*?)\n\n/.exec(source)?.[1] ?? ''
    const types = [...declared.matchAll(/'([^']+)'/g)].map(([, typ]) => typ)
    assert.ok(types.length > 0)
    const listed = tableUnder('Signed messages').map((row) => /^\| `([^`]+)`/.exec(row)?.[1])
    assert.deepEqual(new Set(listed), new Set(types))
  })
})
