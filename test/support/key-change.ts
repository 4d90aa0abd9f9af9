/** How a member changes its key, as its user asks for it and as both sides show it. */
import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey } from 'node:crypto'
import type { Secret } from '../../src/kube/objects.ts'
import { thumbprintOf } from '../../src/protocol/keys.ts'
import { plain } from './kubectl.ts'
import type { Scene } from './scene.ts'
import { until } from './until.ts'

const prefix = 'dist.kio.kasten.io'

/** Asks for another key of the secondary. */
export async function rotate(scene: Scene, value: string): Promise<void> {
  await scene.onSecondary(['annotate', 'secret', 'mc-cluster-info', `${prefix}/rotate=${value}`, '--overwrite'])
}

export const secretOf = async (scene: Scene, name: string) => scene.readOnSecondary<Secret>('secret', name)

/** The thumbprints of the keys in mc-identity, and the wish that was taken up last. */
export async function identityOf(scene: Scene) {
  const secret = await secretOf(scene, 'mc-identity')
  const { key, 'next.key': next, 'previous.key': previous } = secret === undefined ? {} : plain(secret)
  const rotated = secret?.metadata.annotations?.[`${prefix}/rotated`]
  return { key: keyIdOf(key), next: keyIdOf(next), previous: keyIdOf(previous), rotated }
}

function keyIdOf(pem: string | undefined): string | undefined {
  if (pem === undefined || pem === '') return undefined
  return thumbprintOf(String(createPublicKey(createPrivateKey(pem)).export({ format: 'jwk' }).x))
}

/** What the primary has stored of the cluster `east`. */
export const memberOf = async (scene: Scene) => (await scene.cluster('east'))?.spec.member
/** Why the change is not over yet. */
export const errorOf = async (scene: Scene) =>
  (await secretOf(scene, 'mc-cluster-info'))?.metadata.annotations?.[`${prefix}/rotate-error`]

/** Why a copy of the cluster `east` is suspected. */
export async function suspicionOf(scene: Scene): Promise<string | undefined> {
  const conditions = (await scene.cluster('east'))?.status?.conditions
  return conditions?.find(({ type }) => type === 'CloneSuspected')?.reason
}

/** Until the change of key for this value is over on both sides, and the new key is in use. */
export async function untilRotated(scene: Scene, value: string): Promise<string> {
  return until(`the key is changed for ${value}`, async () => {
    const { key, next, rotated } = await identityOf(scene)
    const cluster = await scene.cluster('east')
    const isUsed = key !== undefined && cluster?.spec.member?.keyId === key && cluster.status?.keyId === key
    return rotated === value && next === undefined && isUsed ? key : undefined
  })
}

/** That a copy of `east`, which was suspected by its runs, is shut out by another key: it hears `msg`, and the primary shows it. */
export async function assertShutOut(scene: Scene, msg: string | undefined): Promise<void> {
  assert.match(msg ?? '', /^KeyMismatch: primary-cluster-1 knows east by another key, which a copy of this cluster/)
  const told = await until('it is told', async () => {
    const reason = await suspicionOf(scene)
    return reason === 'BootIdsAlternate' ? undefined : reason
  })
  assert.equal(told, 'PreviousKeyUsed')
  assert.equal((await scene.status())?.['status'], 'Joined')
}
