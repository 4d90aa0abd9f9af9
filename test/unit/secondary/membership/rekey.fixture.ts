/**
 * A member whose key is to change: what it has stored and done, and a primary that takes the keys it is told to and loses
 * the answers it is told to. Decides nothing about keys.
 */
import assert from 'node:assert/strict'
import type { Secret } from '../../../../src/kube/objects.ts'
import { thumbprintOf } from '../../../../src/protocol/keys.ts'
import { signMembershipToken } from '../../../../src/protocol/membership-token.ts'
import { claimedThumbprint } from '../../../../src/protocol/possession-proof.ts'
import type { Reply } from '../../../../src/protocol/reply.ts'
import { createIdentityKeeper, type IdentityKeeper } from '../../../../src/secondary/identity/identity-keeper.ts'
import type { OwnIdentity } from '../../../../src/secondary/identity/own-identity.ts'
import { type Contact, noContact, type Word } from '../../../../src/secondary/membership/heartbeat.decide.ts'
import type { Member } from '../../../../src/secondary/membership/member.ts'
import { createRekeyKeeper, type RekeyKeeper, type RekeyStep } from '../../../../src/secondary/membership/rekey.ts'
import { openLine } from '../../../../src/secondary/primary-client/line.ts'
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts'
import { claimsOf } from '../../protocol/forge.fixture.ts'
import type { FakePrimary } from '../fake-primary.fixture.ts'
import { forever, lineDeps, silent } from '../lines.fixture.ts'
import { memberOf } from './member.fixture.ts'

export class ChangingMember {
  readonly clock: ManualClock = createManualClock()
  /** As it joined. */
  readonly first: OwnIdentity
  /** What the primary last said to the present key. */
  word: Word = { kind: 'ok' }
  /** Thumbprints of the keys that the primary takes; what it says to others. */
  taken: Set<string>
  toOthers: Reply = { status: 'KeyMismatch' }
  /** What the primary was asked: `rekey <key>`, `heartbeat <key>`. */
  asked: string[] = []
  /** What came of it, in order: writes and whom is followed. */
  steps: string[] = []
  /** For jitter. */
  random: () => number = () => 0
  /** Runs when a request has been worked on; what it throws loses the answer. */
  beforeAnswer: (question: string) => void = () => undefined
  readonly #primary: FakePrimary
  /** `mc-identity`, as stored. */
  #secret: Secret | undefined
  #rekey: RekeyKeeper

  private constructor(primary: FakePrimary, first: OwnIdentity) {
    this.#primary = primary
    this.first = first
    this.taken = new Set([first.key.thumbprint])
    this.#rekey = this.#process()
  }

  /** A member of this primary, which answers it from now on as the fields say. */
  static async of(primary: FakePrimary): Promise<ChangingMember> {
    const { key, info } = await memberOf(primary)
    const member = new ChangingMember(primary, { key, joined: info })
    await member.#keeper().store(undefined, member.first)
    member.steps = []
    primary.intercept = async (...exchange) => member.#answer(...exchange)
    return member
  }

  /** A new process, which knows nothing but what is stored. */
  restart(): void {
    this.#rekey = this.#process()
  }

  stored(): OwnIdentity {
    const judged = this.#keeper().judge(this.#secret)
    assert.equal(judged.kind, 'use')
    return judged.identity
  }

  /** One pass; `value` is what the annotation `rotate` says. */
  async advance(value = 'now'): Promise<RekeyStep> {
    const access = { allowHttp: false, allowUntrustedTls: false }
    const pass = { identity: this.stored(), secret: this.#secret, asked: value, access, log: silent, signal: forever }
    return this.#rekey.advance(pass)
  }

  failure(): string | undefined {
    return this.#rekey.failure()
  }

  #nameOf(thumbprint: string | undefined): string {
    const { key, next, previous } = this.stored()
    if (thumbprint === this.first.key.thumbprint) return 'first'
    return thumbprint === (next ?? key).thumbprint || thumbprint === previous?.thumbprint ? 'second' : 'other'
  }

  async #answer(...exchange: Parameters<FakePrimary['answer']>): Promise<void> {
    const [request, response, body] = exchange
    const primary = this.#primary
    const proof = request.headers['dpop']
    // A challenge has no proof; the first request of a line has no nonce yet, and is refused for that.
    if (typeof proof !== 'string' || /^A+$/.test(String(claimsOf(proof)['nonce']))) return primary.answer(...exchange)
    const by = claimedThumbprint(proof)
    const what = (request.url ?? '').split('/').at(-1) ?? ''
    const question = `${what} ${this.#nameOf(by)}`
    this.asked.push(question)
    primary.reply = this.taken.has(by) ? await this.#replyTo(what, body) : this.toOthers
    try {
      this.beforeAnswer(question)
    } catch {
      response.destroy()
      return
    }
    return primary.answer(...exchange)
  }

  async #replyTo(what: string, body: string): Promise<Reply> {
    if (what !== 'rekey') return { status: 'ok', interval: 20 }
    const { request } = JSON.parse(body) as { request: string }
    const header = Buffer.from(request.split('.')[0] ?? '', 'base64url').toString()
    const thumbprint = thumbprintOf((JSON.parse(header) as { jwk: { x: string } }).jwk.x)
    this.taken.add(thumbprint)
    const subject = { clusterName: 'east', uid: 'own-uid', thumbprint }
    return { status: 'ok', interval: 20, token: await signMembershipToken(this.#primary.issuer, subject, Date.now()) }
  }

  #keeper(): IdentityKeeper {
    return createIdentityKeeper({
      ownUid: 'own-uid',
      objects: {
        write: async (name, { data, annotations = {} }) => {
          this.steps.push(`store ${Object.keys(data).toSorted().join(' ')}`)
          this.#secret = { metadata: { name, annotations }, type: 'Opaque', data }
          return this.#secret
        },
      },
    })
  }

  #process(): RekeyKeeper {
    return createRekeyKeeper({
      openLine: (options) => openLine(lineDeps(), options),
      boot: 'boot-1',
      report: () => ({ versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' }),
      ownUid: 'own-uid',
      identity: this.#keeper(),
      heartbeats: {
        follow: (member: Member | undefined) => this.steps.push(`follow ${this.#nameOf(member?.key.thumbprint)}`),
        contact: (): Contact => ({ ...noContact(), word: this.word }),
        beat: async () => {
          this.steps.push('beat')
          this.word = { kind: 'other-key' }
          return { ...noContact(), word: this.word }
        },
      },
      clock: this.clock,
      random: () => this.random(),
    })
  }
}
