/** A join, a refusal, bad input and a disconnection at the most talkative log level: no secret shows anywhere. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { seedOf, signingKeyFromPem } from '../../src/protocol/keys.ts'
import { parseToken } from '../../src/protocol/token.ts'
import { type Capture, startCapture } from '../support/capture.ts'
import { plain } from '../support/kubectl.ts'
import { type Pair, type Scene, startPair } from '../support/scene.ts'
import { encodingsOf, type Haystack, type KnownSecret, searchSecrets, secretText } from '../support/secret-search.ts'
import { until } from '../support/until.ts'

describe('secrets', () => {
  let pair: Pair
  let scene: Scene
  let capture: Capture
  let secrets: readonly KnownSecret[]

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('leak', { scheme: 'http' })
    capture = await startCapture(() => scene.endpoint)
    await scene.startPrimary({ endpoint: capture.url })
    await scene.startSecondary({ 'allow-insecure-primary-ingress': 'true' })
    await scene.bootstrap()
    const { endpoint, token } = await scene.token('good', { 'max-uses': '3' })
    const damaged = `${token.slice(0, -8)}AAAAAAAA`
    await scene.mcJoin({ endpoint, token: damaged, clusterName: 'east' })
    await scene.untilStatus('Rejected')
    const revoked = (await scene.token('revoked')).token
    await scene.onPrimary(['delete', 'secret', 'revoked'])
    await scene.mcJoin({ endpoint, token: revoked, clusterName: 'east' })
    await scene.untilStatus('Rejected', /^TokenInvalid/)
    await scene.mcJoin({ endpoint, token, clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
    secrets = await knownSecrets({ token, damaged, revoked })
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    await scene.untilStatus('Rejected', /^Disconnected/)
    await until('the Event of the admission is written', async () =>
      (await scene.eventsOnPrimary()).some(({ note }) => note.includes('east')),
    )
  })

  after(async () => {
    await pair.stop()
    await capture.close()
  })

  it('would be found in every encoding, were they there', () => {
    assert.ok(secrets.length >= 12, `${secrets.length} secrets are known`)
    for (const secret of secrets)
      for (const { encoding, needle } of encodingsOf(secret)) {
        const planted = [{ where: 'planted', text: `{"err":"before ${needle} after"}` }]
        const found = searchSecrets(planted, [secret]).map((finding) => finding.encoding)
        assert.ok(found.includes(encoding), `${secret.name} ${encoding}`)
      }
  })

  it('show in no log, Event, annotation, status, message, audit record or object but the Secrets made for them', async () => {
    const haystacks = await everythingReadable()
    assert.ok(
      haystacks.every(({ text }) => text.length > 100),
      'there is something to search everywhere',
    )
    assert.deepEqual(searchSecrets(haystacks, secrets), [])
  })

  it('do not cross the wire, but for the communication token, which is worthless without its key', () => {
    const traffic = capture.traffic()
    assert.match(traffic, /POST \/mc\/v1\/join HTTP/)
    const neverSent = secrets.filter(({ name }) => name !== 'the communication token')
    assert.deepEqual(searchSecrets([{ where: 'the wire', text: traffic }], neverSent), [])
  })

  async function secretOf(
    where: 'primary' | 'secondary',
    namespace: string,
    name: string,
  ): Promise<Record<string, string>> {
    const args = ['get', 'secret', name, '-n', namespace, '-o', 'json']
    const { stdout } = await pair[where].kubectl(args)
    return plain(JSON.parse(stdout) as Secret)
  }

  async function knownSecrets(tokens: {
    token: string
    damaged: string
    revoked: string
  }): Promise<readonly KnownSecret[]> {
    const primary = await secretOf('primary', scene.place.home, 'mc-primary-identity')
    const member = await secretOf('secondary', scene.namespace, 'mc-identity')
    const info = await secretOf('secondary', scene.namespace, 'mc-cluster-info')
    return [
      ...keySecrets("the primary's key", primary['key'] ?? ''),
      ...keySecrets("the member's key", member['key'] ?? ''),
      ...tokenSecrets('the join token', tokens.token),
      ...tokenSecrets('the revoked token', tokens.revoked),
      secretText('the damaged token', tokens.damaged),
      secretText('the secret part of the damaged token', tokens.damaged.split('.')[2] ?? ''),
      secretText('the communication token', info['token'] ?? ''),
      secretText("the primary's service account token", await bearerOf('primary', scene.place.home, 'conjoin-primary')),
      secretText(
        "the secondary's service account token",
        await bearerOf('secondary', scene.namespace, 'conjoin-secondary'),
      ),
    ]
  }

  async function bearerOf(where: 'primary' | 'secondary', namespace: string, account: string): Promise<string> {
    const kubeconfig = await readFile(`${pair[where].dir}/${namespace}.${account}.kubeconfig`, 'utf8')
    return /token: "?([\w.-]+)/.exec(kubeconfig)?.[1] ?? ''
  }

  /** What somebody sees who may read everything but Secrets. */
  async function everythingReadable(): Promise<readonly Haystack[]> {
    const kinds = 'bootstraps.dist.kio.kasten.io,clusters.dist.kio.kasten.io,configmaps,events.events.k8s.io'
    const metadata = 'jsonpath={range .items[*]}{.metadata}{"\\n"}{.type}{"\\n"}{end}'
    return [
      { where: 'the logs of the processes', text: scene.printed() },
      {
        where: 'objects on the primary',
        text: await scene.onPrimary(['get', kinds, '-o', 'json', '--show-managed-fields']),
      },
      {
        where: 'Secrets of the primary without their data',
        text: await scene.onPrimary(['get', 'secrets', '-o', metadata]),
      },
      {
        where: 'Events on the secondary',
        text: await scene.onSecondary(['get', 'events.events.k8s.io,configmaps', '-o', 'json']),
      },
      {
        where: 'Secrets of the secondary without their data',
        text: await scene.onSecondary(['get', 'secrets', '-o', metadata]),
      },
      { where: 'mc-join-status', text: JSON.stringify(await scene.readOnSecondary('secret', 'mc-join-status')) },
      { where: 'the message of mc-join-status', text: `${JSON.stringify(await scene.status())}${' '.repeat(100)}` },
      { where: "the primary's audit log", text: await readFile(pair.primary.auditLog.path, 'utf8') },
      { where: "the secondary's audit log", text: await readFile(pair.secondary.auditLog.path, 'utf8') },
    ]
  }
})

function keySecrets(name: string, pem: string): readonly KnownSecret[] {
  const [, body = ''] = pem.split('\n')
  return [secretText(`${name}, PEM`, body), { name: `${name}, seed`, bytes: seedOf(signingKeyFromPem(pem)) }]
}

function tokenSecrets(name: string, text: string): readonly KnownSecret[] {
  const secret = Buffer.from(text.split('.')[2] ?? '', 'base64url')
  return [
    secretText(name, text),
    { name: `${name}, secret`, bytes: secret },
    { name: `${name}, seed of its key`, bytes: seedOf(parseToken(text).key) },
  ]
}
