/** The TLS certificate of a primary is replaced while a member beats: nobody is started again, and nothing is lost. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { connect } from 'node:tls'
import { encodeTlsPair, primaryTlsName, primaryTlsType } from '../../src/api/primary-tls.ts'
import { Redacted } from '../../src/lib/redacted.ts'
import type { Certificate } from '../../src/primary/server/certificate.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Authority, createAuthority } from '../support/authority.ts'
import { kubectl } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { type Relay, startRelay } from '../support/relay.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a TLS certificate that is replaced under a member', () => {
  let pair: Pair
  let scene: Scene
  let secondary: RoleProcess
  let relay: Relay
  let first: Authority
  let second: Authority
  let bundle: string

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('replaced')
    relay = await startRelay(() => [scene.endpoint])
    ;[first, second] = await Promise.all([createAuthority('first'), createAuthority('second')])
    bundle = join(pair.secondary.dir, 'ca.crt')
    await writeFile(bundle, first.certificatePem)
    await put('create', await first.issue())
    await scene.startPrimary()
    secondary = await scene.startSecondary({ 'ca-bundle': bundle })
    const url = relay.url.replace('http:', 'https:')
    await scene.bootstrap({ url })
    await scene.mcJoin({ ...(await scene.token()), clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
  })

  after(async () => {
    await pair.stop()
    await relay.close()
  })

  async function put(verb: 'create' | 'replace', { certificatePem, privateKeyPem }: Certificate): Promise<void> {
    const metadata = { name: primaryTlsName, namespace: scene.place.home }
    const data = encodeTlsPair({ certificate: certificatePem, privateKey: new Redacted(privateKeyPem) })
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: primaryTlsType, data }
    await kubectl(pair.primary, [verb, '-f', '-'], JSON.stringify(secret))
  }

  const heartbeats = () => secondary.lines().filter(({ msg }) => msg === 'heartbeat')

  /**
   * Another certificate takes the place of the present one, and the member has to connect anew, and is answered. It begins
   * when a heartbeat has just been answered, and ends so: none is on its way when the connection ends.
   */
  async function replaceWith(certificate: Certificate): Promise<void> {
    await put('replace', certificate)
    await until(
      'the primary shows it',
      async () => (await leafAt(scene.endpoint)) === certificate.certificatePem.trimEnd(),
    )
    relay.cut()
    const answered = heartbeats().length
    await until('the next heartbeat', async () => heartbeats().length > answered)
  }

  function assertNothingWasLost(): void {
    assert.deepEqual(
      heartbeats().map(({ word, code }) => [word, code]),
      heartbeats().map(() => ['ok', undefined]),
    )
  }

  it('by another one of the same authority is taken as before', async () => {
    await replaceWith(await first.issue())
    assertNothingWasLost()
  })

  it('by one of a new authority is taken where the bundle has that authority, and the old one may go then', async () => {
    await writeFile(bundle, first.certificatePem + second.certificatePem)
    await replaceWith(await second.issue())
    await writeFile(bundle, second.certificatePem)
    assertNothingWasLost()
  })

  it('by one of an authority that the member does not know is taken because the primary vouches for it', async () => {
    await replaceWith(await first.issue())
    assertNothingWasLost()
    assert.equal((await scene.status())?.['status'], 'Joined')
    assert.ok(heartbeats().length >= 4, 'one at the join, and one after each replacement')
  })
})

/** The certificate that a new connection is shown, PEM. */
async function leafAt(endpoint: string): Promise<string | undefined> {
  const { hostname, port } = new URL(endpoint)
  const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate()?.toString().trimEnd()
  } finally {
    socket.destroy()
  }
}
