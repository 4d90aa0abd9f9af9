/** Which TLS leaf a primary vouches for: one through which its own signature came back, and no other. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { type Certificate, createSelfSignedCertificate, spkiHash } from '../../../../src/primary/server/certificate.ts'
import { createFrontLeaf } from '../../../../src/primary/server/front-leaf.ts'
import { challengeRequestSchema, signChallenge } from '../../../../src/protocol/challenge.ts'
import { ProtocolError } from '../../../../src/protocol/errors.ts'
import { createIssuer, type Issuer } from '../../../../src/protocol/issuer.ts'
import { generateSigningKey } from '../../../../src/protocol/keys.ts'
import { keyringOf } from '../../../support/keyring.ts'
import { createManualClock } from '../../../support/manual-clock.ts'
import { silentLog } from '../silent-log.fixture.ts'

function newIssuer(uid = 'uid-primary'): Issuer {
  const key = generateSigningKey()
  return createIssuer(uid, key)
}
const issuer = newIssuer()
const hang = 60_000

describe('the leaf in front of the primary', { timeout: hang }, () => {
  let certificate: Certificate
  let endpoint: string
  /** What the front answers to the body that it gets. */
  let answer: (body: string) => Promise<string> | string = () => ''
  const paths: (string | undefined)[] = []

  const front = () => {
    const server = createServer(
      { cert: certificate.certificatePem, key: certificate.privateKeyPem },
      (request, response) => {
        paths.push(request.url)
        request.setEncoding('utf8')
        let body = ''
        request.on('data', (piece: string) => {
          body += piece
        })
        request.on('end', () => {
          void Promise.resolve(answer(body)).then((text) => response.end(text))
        })
      },
    )
    server.listen(0, '127.0.0.1')
    return server
  }
  let server: ReturnType<typeof front>

  before(async () => {
    certificate = await createSelfSignedCertificate({ hosts: ['nobody.example.com'], days: 1, now: Date.now() })
    server = front()
    await once(server, 'listening')
    endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}/k10`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const signedBy = (by: Issuer) => async (body: string) =>
    JSON.stringify({
      challenge: await signChallenge(by, challengeRequestSchema.parse(JSON.parse(body)), { spki: [], now: Date.now() }),
    })

  /** Looks once, or as often as asked; resolves with the leaf seen and how long it waits before the next look. */
  function follow(url: () => string) {
    const clock = createManualClock()
    const waits: number[] = []
    const looked = { next: Promise.withResolvers<void>() }
    const leaf = createFrontLeaf({
      serving: () => ({ keyring: keyringOf(issuer), name: 'primary-cluster-1', endpoint: url(), interval: 20_000 }),
      clock: {
        ...clock,
        async sleep(ms, signal) {
          waits.push(ms)
          looked.next.resolve()
          return clock.sleep(ms, signal)
        },
      },
      log: silentLog,
    })
    const stop = new AbortController()
    const following = leaf.follow(stop.signal)
    return {
      leaf,
      waits,
      clock,
      async look() {
        await looked.next.promise
        looked.next = Promise.withResolvers<void>()
      },
      async stop() {
        stop.abort()
        await following
      },
    }
  }

  it('is vouched for where our own signature comes back, whatever name is in it, and looked at every ten minutes', async () => {
    answer = signedBy(issuer)
    const following = follow(() => endpoint)
    await following.look()
    assert.equal(following.leaf.spki(), spkiHash(certificate.certificatePem))
    assert.deepEqual(following.waits, [10 * 60_000])
    assert.equal(paths.at(-1), '/k10/mc/v1/join/challenge')
    const before = paths.length
    await following.clock.advance(10 * 60_000 - 1)
    assert.equal(paths.length, before)
    await following.clock.advance(1)
    await following.look()
    assert.equal(paths.length, before + 1)
    await following.stop()
  })

  it('is not vouched for where anything else comes back', async () => {
    const recorded = await signedBy(issuer)(
      JSON.stringify({ v: 1, tid: 'A'.repeat(16), jkt: 'A'.repeat(43), cn: 'A'.repeat(22) }),
    )
    for (const other of [
      () => '',
      () => '<html>sign in</html>',
      () => '{"challenge":"a.b.c"}',
      signedBy(newIssuer()),
      signedBy({ ...issuer, uid: 'uid-other' }),
      // Our own signature, over the question of somebody else.
      () => recorded,
      // Our own answer, and more after it than is read.
      async (body: string) => `${await signedBy(issuer)(body)}${' '.repeat(64 * 1024)}`,
    ]) {
      answer = other
      const following = follow(() => endpoint)
      await following.look()
      assert.equal(following.leaf.spki(), undefined)
      assert.deepEqual(following.waits, [10_000])
      await following.stop()
    }
  })

  it('is asked for by no plain connection, and where nothing listens it is tried again soon', async () => {
    const before = paths.length
    const plain = follow(() => endpoint.replace('https:', 'http:'))
    await plain.look()
    assert.deepEqual([plain.leaf.spki(), plain.waits, paths.length], [undefined, [10 * 60_000], before])
    await plain.stop()
    const nobody = follow(() => 'https://127.0.0.1:1')
    await nobody.look()
    assert.deepEqual([nobody.leaf.spki(), nobody.waits], [undefined, [10_000]])
    await nobody.stop()
  })

  it('is looked for each second until there is a primary', async () => {
    answer = signedBy(issuer)
    let isServing = false
    const following = follow(() => {
      if (!isServing) throw new ProtocolError('Busy')
      return endpoint
    })
    await following.look()
    assert.deepEqual(following.waits, [1_000])
    isServing = true
    await following.clock.advance(1_000)
    await following.look()
    assert.equal(following.leaf.spki(), spkiHash(certificate.certificatePem))
    await following.stop()
  })
})
