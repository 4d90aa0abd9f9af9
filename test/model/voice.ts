/** How an attacker speaks to a primary: a message of its own, and the answer to it, whenever somebody gives one. */
import type { Message, WireAnswer } from './world/network.ts'
import type { World } from './world/world.ts'

/** The name of every attacker on the network. */
export const attackerName = 'attacker'
/** Has the form of a nonce, and gets a real one. */
export const noNonce = 'A'.repeat(54)
/** The steps that it waits for an answer. */
const patience = 50

/** `isProofless` where the message proves nothing. */
export async function askAs(
  world: World,
  { path, headers, body }: Omit<Message, 'from'>,
  { isProofless }: { readonly isProofless: boolean },
): Promise<WireAnswer | undefined> {
  const given: (WireAnswer | undefined)[] = []
  const message = { from: attackerName, path, headers, body }
  world.network.sendSurely(message, isProofless, (answer) => given.push(answer))
  for (let step = 0; step < patience && given.length === 0; step += 1) await world.scheduler.step()
  return given[0]
}
