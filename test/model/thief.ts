/** Somebody who has copied the identity of a secondary, and gives its membership a key of his own. */

import type { SigningKey } from '../../src/protocol/keys.ts'
import { generateSigningKey, signingKeyFromPem } from '../../src/protocol/keys.ts'
import { signPossession } from '../../src/protocol/possession-proof.ts'
import { signRekeyRequest } from '../../src/protocol/rekey.ts'
import { heartbeatPath, nonceHeader, proofHeader, rekeyPath } from '../../src/protocol/wire.ts'
import { payloadOf } from './laws/asked.ts'
import { identityOf } from './laws/stored.ts'
import { askAs, noNonce } from './voice.ts'
import type { WireAnswer } from './world/network.ts'
import type { Secondary, World } from './world/world.ts'

/** The thumbprint of the thief's key, where the primary has taken it and has heard from it; undefined where it came to nothing. */
export async function stealKey(world: World, { uid, server }: Secondary): Promise<string | undefined> {
  const identity = identityOf(server)
  if (identity?.joined === undefined) return undefined
  const { clusterName } = identity.joined.membership
  const old = signingKeyFromPem(identity.privateKey.reveal())
  const key = generateSigningKey()
  const subject = { primaryUid: world.primaryUid, uid, oldKeyId: old.thumbprint }
  const request = await signRekeyRequest(key, subject, world.scheduler.now())
  const taken = await askTwice(world, old, {
    path: rekeyPath(clusterName),
    token: identity.joined.token.reveal(),
    body: JSON.stringify({ request }),
  })
  const token = tokenIn(taken)
  if (token === undefined) return undefined
  const body = JSON.stringify({ versions: { operator: '0.1.0', kubernetes: 'v1.36.3' }, health: 'ok' })
  const heard = await askTwice(world, key, { path: heartbeatPath(clusterName), token, body })
  return heard?.status === 200 ? key.thumbprint : undefined
}

/** The first answer brings a nonce. */
async function askTwice(
  world: World,
  key: SigningKey,
  question: { readonly path: string; readonly token: string; readonly body: string },
): Promise<WireAnswer | undefined> {
  const send = async (nonce: string) => {
    const proof = await signPossession(key, question, { nonce, boot: 'thief' })
    const headers = { authorization: `DPoP ${question.token}`, [proofHeader]: proof }
    return askAs(world, { ...question, headers }, { isProofless: false })
  }
  const nonce = (await send(noNonce))?.headers[nonceHeader]
  return nonce === undefined ? undefined : send(nonce)
}

function tokenIn(answer: WireAnswer | undefined): string | undefined {
  if (answer?.status !== 200) return undefined
  const { reply } = JSON.parse(answer.body) as { reply: string }
  return (JSON.parse(payloadOf(reply)) as { token?: string }).token
}
