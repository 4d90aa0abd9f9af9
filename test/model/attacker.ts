/**
 * Somebody on the network: sees every message, sends any of them again, answers in the primary's place, and holds stolen
 * tokens. It makes messages with the product's own functions, and has no key of anybody else's.
 */
import { askForChallenge, challengeRequestSchema, openChallenge, signChallenge } from '../../src/protocol/challenge.ts'
import { createIssuer } from '../../src/protocol/issuer.ts'
import { signJoinRequest } from '../../src/protocol/join-request.ts'
import { signRefusal } from '../../src/protocol/join-result.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { claimedThumbprint, signPossession } from '../../src/protocol/possession-proof.ts'
import { replyStatus, signReply } from '../../src/protocol/reply.ts'
import { generateExchangeKey } from '../../src/protocol/seal.ts'
import { parseToken } from '../../src/protocol/token.ts'
import { challengePath, heartbeatPath, joinPath, leavePath, nonceHeader, proofHeader } from '../../src/protocol/wire.ts'
import type { Forgery, Theft } from './actions.ts'
import { readAsked } from './laws/asked.ts'
import { recordings } from './recordings.ts'
import { stealKey } from './thief.ts'
import { askAs, attackerName, noNonce } from './voice.ts'
import type { Message, WireAnswer } from './world/network.ts'
import { secondaryOf, type World } from './world/world.ts'

export interface Attacker {
  /** Sends a message again that was seen; of requests to join one of the last. */
  replay(number: number, of: 'anything' | 'join'): void
  /** Answers the next messages of a secondary. */
  forge(secondary: number, forgery: Forgery, count: number): void
  /** Joins with somebody's token. */
  joinWith(tokenText: string, victim: { readonly uid: string; readonly name: string }, theft: Theft): Promise<void>
  /** Asks with somebody's communication token, and a key of its own. */
  useMembership(number: number, to: 'heartbeat' | 'leave'): Promise<void>
  /** Copies the identity of a secondary, and gives its membership another key. */
  stealKey(secondary: number): Promise<void>
  /** Thumbprints of its keys that the primary has taken for those of members. */
  readonly stolen: ReadonlySet<string>
}

const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }
export function createAttacker(world: World): Attacker {
  const { network } = world
  const key = generateSigningKey()
  const rogue = createIssuer(world.primaryUid, key)
  const others = () => network.seen.filter(({ message }) => message.from !== attackerName)
  /** One of the messages of others. */
  const seen = (number: number) => {
    const theirs = others()
    return theirs[number % Math.max(theirs.length, 1)]
  }
  const now = () => world.scheduler.now()

  const ask = async (message: Omit<Message, 'from'>) => askAs(world, message, { isProofless: true })

  async function forged(message: Message, forgery: Forgery): Promise<WireAnswer | undefined> {
    switch (forgery) {
      case 'bare-ok':
        return json(200, {})
      case 'unsigned-refusal':
        return json(410, { type: 'about:blank', title: 'x', status: 410, code: 'Disconnected' })
      case 'recorded':
        return recorded.last(message)
      case 'old-ok':
        return isOfMember(message) ? recorded.of(message, ({ status }) => status === 200) : undefined
      case 'old-end':
        return recorded.of(message, ({ status }) => status !== 200)
      case 'of-another':
        return recorded.ofAnother(message)
      case 'rogue':
        return rogueAnswer(message)
    }
  }

  /** What a primary with another key would say to be rid of its member. */
  async function rogueAnswer({ path, headers, body }: Message): Promise<WireAnswer> {
    if (path.endsWith(challengePath)) {
      const request = challengeRequestSchema.parse(JSON.parse(body))
      return json(200, { challenge: await signChallenge(rogue, request, { spki: [], now: now() }) })
    }
    if (path.endsWith(joinPath)) {
      const { request } = JSON.parse(body) as { request: string }
      const { keyId: jkt, uid: sub, serverNonce: sn, clientNonce: cn } = readAsked(body)
      const exchange = { request, echoes: { jkt, sub, cn, sn } }
      return json(403, { result: await signRefusal(rogue, exchange, { code: 'Denied', msg: 'Denied: by a rogue' }) })
    }
    const proof = headers[proofHeader] ?? ''
    const thumbprint = claimedThumbprint(proof)
    const reply = await signReply(
      rogue,
      { proof, thumbprint },
      { status: 'Disconnected', at: Math.floor(now() / 1000) },
    )
    return json(replyStatus.Disconnected, { reply })
  }

  const recorded = recordings(network.seen)
  const stolen = new Set<string>()

  return {
    stolen,
    async stealKey(secondary) {
      const victim = secondaryOf(world, secondary)
      const keyId = victim === undefined ? undefined : await stealKey(world, victim)
      if (keyId !== undefined) stolen.add(keyId)
    },
    replay(number, of) {
      const joins = others()
        .filter(({ message: { path } }) => path.endsWith(joinPath))
        .slice(-3)
      const message = of === 'join' ? joins[number % Math.max(joins.length, 1)]?.message : seen(number)?.message
      if (message !== undefined) network.sendSurely({ ...message, from: attackerName }, false)
    },
    forge(secondary, forgery, count) {
      const victim = secondaryOf(world, secondary)?.name ?? ''
      for (let left = count; left > 0; left -= 1) network.intercept(victim, async (message) => forged(message, forgery))
    },
    async joinWith(tokenText, victim, theft) {
      const token = parseToken(tokenText)
      const asked = askForChallenge({ tokenId: token.id, primaryKey: token.primaryKey, thumbprint: key.thumbprint })
      const answer = await ask({ path: challengePath, headers: {}, body: JSON.stringify(asked) })
      if (answer?.status !== 200) return
      const { challenge: signed } = JSON.parse(answer.body) as { challenge: string }
      const { primaryUid, primaryKey } = token
      const challenge = await openChallenge(signed, { request: asked, primaryUid, primaryKey })
      const name = theft === 'free-name' ? 'mallory' : victim.name
      const uid = theft === 'free-name' ? 'uid-of-mallory' : victim.uid
      const joiner = { key, uid, name, k10: { namespace: 'kasten-io', releaseName: 'k10' }, versions }
      const signing = theft === 'wrong-secret' ? { ...token, key } : token
      const exchangeKey = generateExchangeKey().publicKey
      const request = await signJoinRequest(joiner, { token: signing, challenge, exchangeKey, now: now() })
      const message = { from: attackerName, path: joinPath, headers: {}, body: JSON.stringify({ request }) }
      network.sendSurely(message, theft === 'wrong-secret')
    },
    async useMembership(number, to) {
      const stolen = seen(number)?.message
      const token = (stolen?.headers['authorization'] ?? '').replace('DPoP ', '')
      const clusterName = /\/clusters\/([^/]+)\//.exec(stolen?.path ?? '')?.[1]
      if (token === '' || clusterName === undefined) return
      const path = to === 'leave' ? leavePath(clusterName) : heartbeatPath(clusterName)
      const body = to === 'leave' ? '{}' : JSON.stringify({ versions, health: 'ok' })
      const send = async (nonce: string) => {
        const proof = await signPossession(key, { path, token, body }, { nonce, boot: 'mallory' })
        return ask({ path, headers: { authorization: `DPoP ${token}`, [proofHeader]: proof }, body })
      }
      const nonce = (await send(noNonce))?.headers[nonceHeader]
      if (nonce !== undefined) await send(nonce)
    },
  }
}

const isOfMember = ({ path }: Message) => path.includes('/clusters/')

function json(status: number, body: object): WireAnswer {
  return { status, mediaType: 'application/json', body: JSON.stringify(body), headers: {} }
}
