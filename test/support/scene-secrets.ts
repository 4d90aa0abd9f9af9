/**
 * The secrets of a scene, and what somebody sees there who may read everything but Secrets. Every scene is searched when
 * it ends: whatever its test was about, nothing may have leaked.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { mcClusterInfoName } from '../../src/api/mc-cluster-info.ts'
import { mcIdentityName } from '../../src/api/mc-identity.ts'
import { mcJoinStatusName } from '../../src/api/mc-join-status.ts'
import { primaryIdentityName } from '../../src/api/primary-identity.ts'
import { primaryTlsName } from '../../src/api/primary-tls.ts'
import type { Secret } from '../../src/kube/objects.ts'
import { seedOf, signingKeyFromPem } from '../../src/protocol/keys.ts'
import { nonceKeyOf } from '../../src/protocol/nonce.ts'
import { parseToken } from '../../src/protocol/token.ts'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'
import type { PrimaryPlace } from '../../tools/installation.ts'
import { type Kind, list, read } from './api-objects.ts'
import { plain } from './kubectl.ts'
import { encodingsOf, type Haystack, type KnownSecret, searchSecrets, secretText } from './secret-search.ts'

/** It is worthless without the key of its member, and every heartbeat shows it. */
export const communicationToken = 'the communication token'

/** What is needed of a scene: its three namespaces, its logs, and the kubeconfigs of its processes. */
export interface Searchable {
  readonly primaryCluster: ClusterAccess
  readonly secondaryCluster: ClusterAccess
  readonly place: PrimaryPlace
  /** Of the secondary. */
  readonly namespace: string
  printed(): string
  readonly kubeconfigs: readonly string[]
}

/** Asserts that no secret of the scene, or of `more`, shows where it must not; also in what `more` has seen. */
export async function assertNothingLeaks(
  scene: Searchable,
  more: { secrets: readonly KnownSecret[]; haystacks: readonly Haystack[] },
): Promise<void> {
  const secrets = [...(await secretsOf(scene)), ...more.secrets]
  const haystacks = [...(await readableOf(scene)), ...more.haystacks]
  assertAllWouldBeFound(secrets)
  assert.deepEqual(searchSecrets(haystacks, secrets), [])
}

/** A search that finds nothing proves something only where it would find what was planted. */
export function assertAllWouldBeFound(secrets: readonly KnownSecret[]): void {
  for (const secret of secrets)
    for (const { encoding, needle } of encodingsOf(secret)) {
      const planted = [{ where: 'planted', text: `{"err":"before ${needle} after"}` }]
      const found = searchSecrets(planted, [secret]).map((finding) => finding.encoding)
      assert.ok(found.includes(encoding), `${secret.name} ${encoding}`)
    }
}

/** Whatever the Secrets of the scene hold now, and what its processes prove themselves with. */
export async function secretsOf(scene: Searchable): Promise<readonly KnownSecret[]> {
  const { primaryCluster, secondaryCluster, place, namespace } = scene
  const [home, primary, secondary] = await Promise.all([
    list<Secret>(primaryCluster, place.home, 'secret'),
    list<Secret>(primaryCluster, place.namespace, 'secret'),
    list<Secret>(secondaryCluster, namespace, 'secret'),
  ])
  const bearers = await Promise.all(scene.kubeconfigs.map(bearerOf))
  return [...home, ...primary, ...secondary].flatMap(secretsIn).concat(bearers)
}

/** What one of our Secrets holds, by its name; any other is a join token. */
export function secretsIn(secret: Secret): readonly KnownSecret[] {
  const { name } = secret.metadata
  const data = plain(secret)
  switch (name) {
    case primaryTlsName:
      return [pemSecret(name, data['tls.key'] ?? '')]
    case primaryIdentityName:
    case mcIdentityName:
      // The keys before and after the present one too.
      return Object.entries(data).flatMap(([entry, text]) => keysIn(`${name} ${entry}`, text))
    case mcClusterInfoName:
      return data['token'] === undefined ? [] : [secretText(communicationToken, data['token'])]
    default:
      return data['token'] === undefined ? [] : tokenSecrets(`the token in ${name}`, data['token'])
  }
}

/** Of every private key in a text; what is none is nothing of interest here. */
function keysIn(name: string, text: string): readonly KnownSecret[] {
  const pems = text.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----\n?/g) ?? []
  return pems.flatMap((pem, index) => keySecrets(pems.length === 1 ? name : `${name} ${index + 1}`, pem))
}

function keySecrets(name: string, pem: string): readonly KnownSecret[] {
  const key = signingKeyFromPem(pem)
  return [
    pemSecret(name, pem),
    { name: `${name}, seed`, bytes: seedOf(key) },
    { name: `${name}, nonce key`, bytes: nonceKeyOf(key).secret.reveal().export() },
  ]
}

/** A line of the body, which no other key has. */
function pemSecret(name: string, pem: string): KnownSecret {
  const line = pem.split('\n')[1]
  assert.ok(line !== undefined && line.length > 20, `${name} holds a key as PEM`)
  return secretText(`${name}, PEM`, line)
}

/** Nothing for what has not the form of a token. */
export function tokenSecrets(name: string, text: string): readonly KnownSecret[] {
  const part = /^mcj1\.[\w-]+\.([\w-]{20,})/.exec(text)?.[1]
  if (part === undefined) return []
  const whole = [secretText(name, text), secretText(`${name}, secret part`, part)]
  try {
    const { key } = parseToken(text)
    return [
      ...whole,
      { name: `${name}, secret`, bytes: Buffer.from(part, 'base64url') },
      { name: `${name}, seed of its key`, bytes: seedOf(key) },
    ]
  } catch {
    return whole
  }
}

async function bearerOf(kubeconfig: string): Promise<KnownSecret> {
  const token = /token: "?([\w.-]+)/.exec(await readFile(kubeconfig, 'utf8'))?.[1]
  assert.ok(token !== undefined, `${kubeconfig} holds a token`)
  return secretText(`the service account token in ${kubeconfig}`, token)
}

/** Everything but the data of Secrets; of `mc-join-status`, the data too. */
export async function readableOf(scene: Searchable): Promise<readonly Haystack[]> {
  const { primaryCluster, secondaryCluster, place, namespace } = scene
  const [objects, marks, others, otherMarks, status] = await Promise.all([
    textOf(primaryCluster, place.namespace, ['bootstrap', 'cluster', 'configmap', 'event']),
    marksOf(primaryCluster, place.namespace),
    textOf(secondaryCluster, namespace, ['configmap', 'event']),
    marksOf(secondaryCluster, namespace),
    read<Secret>(secondaryCluster, namespace, 'secret', mcJoinStatusName),
  ])
  return [
    { where: 'the logs of the processes', text: scene.printed() },
    { where: 'objects on the primary', text: objects },
    { where: 'Secrets of the primary without their data', text: marks },
    { where: 'objects on the secondary', text: others },
    { where: 'Secrets of the secondary without their data', text: otherMarks },
    { where: 'mc-join-status', text: JSON.stringify(status ?? '') },
    { where: 'mc-join-status in plain text', text: status === undefined ? '' : JSON.stringify(plain(status)) },
  ]
}

async function textOf(controlPlane: ClusterAccess, namespace: string, kinds: readonly Kind[]): Promise<string> {
  return JSON.stringify(await Promise.all(kinds.map(async (kind) => list(controlPlane, namespace, kind))))
}

async function marksOf(controlPlane: ClusterAccess, namespace: string): Promise<string> {
  const secrets = await list<Secret>(controlPlane, namespace, 'secret')
  return JSON.stringify(secrets.map(({ metadata, type }) => ({ metadata, type })))
}
