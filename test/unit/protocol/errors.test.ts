/** The error table says what the protocol document says, under "What is signed" and "Final at the secondary". */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { isCodeFrom } from '../../../src/protocol/answer.ts'
import { type Origin, protocolErrors } from '../../../src/protocol/error-table.ts'
import { type ErrorCode, explain, meaningOf, ProtocolError } from '../../../src/protocol/errors.ts'

const codes = Object.keys(protocolErrors) as ErrorCode[]
const words = (text: string) => text.trim().split(/\s+/) as ErrorCode[]

const finalSigned = words(
  'TokenInvalid TokenExpired TokenScope TokenExhausted NameTaken KeyMismatch CloneSuspected SelfJoin Denied Disconnected',
)
const finalAtHome = words('TokenMalformed TokenChecksum EndpointInvalid NameInvalid SelfJoin Left CloneSuspected')
const joining = words(`InsecureEndpoint DnsFailure ConnectRefused ConnectTimeout TlsUntrusted ProxyError NotOurServer
  PrimaryKeyMismatch Busy PendingApproval UnknownCluster RoleConflict VersionTooOld Internal`)
/** "Form, nonce, echoes, JWS(SK), limits, Busy, PendingApproval, API errors". */
const answeredUnsigned = words('Malformed NonceInvalid ProofInvalid KeyRefused Busy PendingApproval Internal')

const having = (origin: Origin) => codes.filter((code) => meaningOf(code).origins.includes(origin)).toSorted()

describe('the error table', () => {
  it('is final for what the document calls final, and for nothing else', () => {
    const final = codes.filter((code) => meaningOf(code).final).toSorted()
    assert.deepEqual(final, [...new Set([...finalSigned, ...finalAtHome])].toSorted())
  })

  it('keeps trying for every code that the document calls Joining', () => {
    for (const code of joining) assert.equal(meaningOf(code).final, false, code)
  })

  it('takes from the wire as final only what is signed', () => {
    for (const code of having('unsigned')) assert.equal(meaningOf(code).final, false, code)
  })

  it('signs every final refusal of the primary, and UnknownCluster', () => {
    assert.deepEqual(having('signed'), [...finalSigned, 'UnknownCluster'].toSorted())
  })

  it('finds at home what is final there', () => {
    for (const code of finalAtHome) assert.ok(meaningOf(code).origins.includes('home'), code)
  })

  it('answers unsigned what the document leaves unsigned', () => {
    for (const code of answeredUnsigned) assert.ok(meaningOf(code).origins.includes('unsigned'), code)
  })

  it('lets no code be both signed and unsigned', () => {
    assert.deepEqual(
      having('signed').filter((code) => having('unsigned').includes(code)),
      [],
    )
  })

  it('has an HTTP status of an error for what crosses the wire, and none for what does not', () => {
    for (const code of codes) {
      const { origins, http } = meaningOf(code)
      const crosses = origins.some((origin) => origin !== 'home')
      assert.ok(crosses ? http >= 400 && http < 600 : http === 0, `${code}: ${http}`)
    }
  })

  it('never answers unsigned with a status that another tool takes for final', () => {
    for (const code of having('unsigned')) assert.notEqual(meaningOf(code).http, 410, code)
  })

  it('says for every code what happened and what to do, as parts of one sentence', () => {
    for (const code of codes) {
      const { what, remedy } = meaningOf(code)
      assert.match(what, /^[^\s].*[^\s.;]$/, code)
      assert.match(remedy, /^[^\s].*[^\s.;]$/, code)
    }
  })

  it('tells a user with an unknown or revoked token what the contract says', () => {
    assert.match(explain('TokenInvalid'), /^TokenInvalid: Invalid join token; .+/)
  })
})

describe('a code from the wire', () => {
  it('is known only with the kind of answer that the table gives it', () => {
    assert.equal(isCodeFrom('signed', 'Disconnected'), true)
    assert.equal(isCodeFrom('unsigned', 'Disconnected'), false)
    assert.equal(isCodeFrom('home', 'Disconnected'), false)
    assert.equal(isCodeFrom('unsigned', 'Busy'), true)
    assert.equal(isCodeFrom('signed', 'Busy'), false)
  })

  it('is unknown where it is no code of the table, or only a name that every object has', () => {
    for (const code of ['', 'Nonsense', 'disconnected', 'toString', 'constructor', '__proto__', 'hasOwnProperty'])
      for (const origin of ['signed', 'unsigned', 'home'] as const) assert.equal(isCodeFrom(origin, code), false, code)
  })
})

describe('a protocol error', () => {
  it('explains itself by code, fault and remedy', () => {
    assert.equal(
      new ProtocolError('Busy').explained(),
      'Busy: the primary is busy; nothing to do: the join is tried again',
    )
    const exact = new ProtocolError('NameTaken', 'the name edge is taken', { remedy: 'ask for edge-1a2b' })
    assert.equal(exact.explained(), 'NameTaken: the name edge is taken; ask for edge-1a2b')
  })

  it('keeps its cause for the log, and when to try again', () => {
    const cause = new Error('socket hang up')
    const error = new ProtocolError('Busy', undefined, { cause, retryAfterMs: 10_000 })
    assert.equal(error.cause, cause)
    assert.equal(error.retryAfterMs, 10_000)
    assert.equal('cause' in new ProtocolError('Busy'), false)
    assert.match(inspect(error), /ProtocolError: the primary is busy/)
  })
})
