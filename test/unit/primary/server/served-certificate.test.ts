/** The primary's TLS certificate while it serves: replaced without a restart, renewed before it ends, never by a broken one. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { encodeTlsPair, primaryTlsName } from '../../../../src/api/primary-tls.ts'
import { type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { type Certificate, createSelfSignedCertificate, spkiHash } from '../../../../src/primary/server/certificate.ts'
import { isUsable } from '../../../../src/primary/server/certificate-pair.ts'
import { decideRenewal } from '../../../../src/primary/server/renewal.decide.ts'
import { createServedCertificate } from '../../../../src/primary/server/served-certificate.ts'
import { createRenewalReconciler } from '../../../../src/primary/server/tls-secret.ts'
import { createManualClock, type ManualClock } from '../../../support/manual-clock.ts'
import { createRecordingLog } from '../../kube/recording-log.ts'
import { createMemoryApi, type MemoryApi } from '../memory-api.fixture.ts'
import { noon } from '../objects.fixture.ts'
import { admittingServer } from './join-server.fixture.ts'

const day = 24 * 3_600_000
const make = async (days = 30) => createSelfSignedCertificate({ hosts: ['localhost'], days, now: noon })
const key = { namespace: 'conjoin', name: primaryTlsName }

function secretOf({ certificatePem, privateKeyPem }: Certificate): Secret {
  return {
    metadata: key,
    data: encodeTlsPair({ certificate: certificatePem, privateKey: new Redacted(privateKeyPem) }),
  }
}

/** Of somebody else: self-signed too. */
const foreign = `-----BEGIN CERTIFICATE-----
MIIBkDCCATegAwIBAgIUboDhxBQgaEPbK4yeYuiaFumtQlIwCgYIKoZIzj0EAwIw
HjEcMBoGA1UEAwwTcHJpbWFyeS5leGFtcGxlLmNvbTAeFw0yNjExMjExOTA3MTVa
Fw0yNjEyMjExOTA3MTVaMB4xHDAaBgNVBAMME3ByaW1hcnkuZXhhbXBsZS5jb20w
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQuXo9TgpCuaE/6YRwoYfau3lGz+613
kMwpX6MgPbLAkwEas71yIiLm/KO8HEUuVkoC3TQNw7Zq29jMJWv8lkxao1MwUTAd
BgNVHQ4EFgQUJQA3BE+e0Tr4R4h/B4M6UDJbMRUwHwYDVR0jBBgwFoAUJQA3BE+e
0Tr4R4h/B4M6UDJbMRUwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNHADBE
AiAtqWt9wSbnBvHA9Iau05X9U1rx0eyf1m1+I+x9/ptAQwIgHjcbymYdkKp3HIiT
Y9EwQJqUiKsZqQlbSonWveiJfxY=
-----END CERTIFICATE-----
`

/** Of the leaf that a new connection is shown. */
async function shownAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ socket: connectTcp(port, '127.0.0.1'), rejectUnauthorized: false }, () => {
      const leaf = socket.getPeerX509Certificate()
      socket.destroy()
      if (leaf === undefined) reject(new Error('no certificate was shown'))
      else resolve(spkiHash(leaf.toString()))
    })
    socket.once('error', reject)
  })
}

describe('a certificate that is replaced while the primary serves', () => {
  it('is shown to new connections without a restart, and vouched for beside the one before it', async (t) => {
    const [first, second] = [await make(), await make()]
    const { log } = createRecordingLog()
    const clock = createManualClock({ now: noon })
    const served = createServedCertificate(first, { clock, log })
    const server = admittingServer({ certificate: served })
    t.after(async () => server.close())
    await server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = server.server.address() as AddressInfo
    assert.equal(await shownAt(port), spkiHash(first.certificatePem))
    served.take(secretOf(second))
    assert.equal(await shownAt(port), spkiHash(second.certificatePem))
    assert.deepEqual(served.spki(), [spkiHash(second.certificatePem), spkiHash(first.certificatePem)])
  })

  it('is vouched for alone after ten minutes: the key of the one before may have been stolen', async () => {
    const [first, second] = [await make(), await make()]
    const clock = createManualClock({ now: noon })
    const served = createServedCertificate(first, { clock, log: createRecordingLog().log })
    served.take(secretOf(second))
    await clock.advance(599_999)
    assert.equal(served.spki().length, 2)
    await clock.advance(1)
    assert.deepEqual(served.spki(), [spkiHash(second.certificatePem)])
  })

  it('is not shown where it cannot be used: the one before it goes on, and the log says so', async () => {
    const [first, second] = [await make(), await make()]
    const { log, lines } = createRecordingLog()
    const clock = createManualClock({ now: noon })
    const served = createServedCertificate(first, { clock, log })
    const broken: readonly Secret[] = [
      { metadata: key },
      secretOf({ certificatePem: 'none', privateKeyPem: first.privateKeyPem }),
      secretOf({ certificatePem: second.certificatePem, privateKeyPem: first.privateKeyPem }),
    ]
    let told = 0
    served.onChange(() => {
      told += 1
    })
    for (const secret of broken) served.take(secret)
    served.take(secretOf(first))
    assert.deepEqual([served.current(), served.spki(), told], [first, [spkiHash(first.certificatePem)], 0])
    assert.deepEqual(
      lines.map(({ level }) => level),
      ['error', 'error', 'error'],
    )
    assert.ok(!JSON.stringify(lines).includes('PRIVATE KEY'))
  })
})

/** The leader's work on the Secret, and what it tells people. */
function leaderAt(api: MemoryApi, clock: ManualClock) {
  const told: string[] = []
  const reconcile = createRenewalReconciler({
    client: api.client,
    secrets: api.cache<Secret>(secretKind),
    hosts: ['localhost'],
    tellUnusable: (note) => told.push(note),
    clock,
  })
  return { reconcile, told }
}

describe('a certificate whose Secret is deleted while the primary serves', () => {
  it('is made anew, once whoever deleted it has had the time to put his own there', async () => {
    const api = createMemoryApi()
    const clock = createManualClock({ now: noon })
    const { reconcile } = leaderAt(api, clock)
    const { log } = createRecordingLog()
    assert.deepEqual(await reconcile(key, { log }), { kind: 'again', afterMs: 30_000 })
    await clock.advance(29_999)
    assert.deepEqual(await reconcile(key, { log }), { kind: 'again', afterMs: 1 })
    assert.deepEqual(api.requests, [])
    await clock.advance(1)
    assert.deepEqual(await reconcile(key, { log }), { kind: 'done' })
    const stored = api.stored<Secret>(secretKind, primaryTlsName, 'conjoin')
    assert.ok(isUsable(stored?.data))
    api.sync()
    api.removeUnseen(secretKind, primaryTlsName, 'conjoin')
    await reconcile(key, { log })
    api.sync()
    assert.equal((await reconcile(key, { log })).kind, 'again', 'the time begins anew')
  })
})

describe('a certificate that cannot be used', () => {
  it('is told of and left to whoever put it there, also where ours would be due', async () => {
    const api = createMemoryApi()
    const [first, second] = [await make(), await make()]
    const mixed = secretOf({ certificatePem: first.certificatePem, privateKeyPem: second.privateKeyPem })
    api.put(secretKind, mixed)
    const { reconcile, told } = leaderAt(api, createManualClock({ now: noon + 29 * day }))
    assert.deepEqual(await reconcile(key, { log: createRecordingLog().log }), { kind: 'done' })
    assert.deepEqual([told.length, api.requests], [1, []])
    assert.match(told[0] ?? '', /mc-primary-tls .*; repair the Secret, or delete it to have one made$/)
    assert.ok(!told.join().includes('PRIVATE KEY'))
  })
})

describe('the renewal of the certificate', () => {
  it('is due after two thirds of its life, and only where the primary has made it', async () => {
    const { certificatePem } = await make()
    const { validFrom, validTo } = new X509Certificate(certificatePem)
    const due = Date.parse(validFrom) + ((Date.parse(validTo) - Date.parse(validFrom)) * 2) / 3
    assert.deepEqual(decideRenewal(certificatePem, due - 1), { kind: 'keep', afterMs: 1 })
    assert.deepEqual(decideRenewal(certificatePem, due), { kind: 'renew' })
    for (const other of [foreign, 'no certificate', undefined])
      assert.deepEqual(decideRenewal(other, Date.UTC(2200, 0, 1)), { kind: 'keep' })
  })

  it('takes place once, in the Secret, and a leader with an older cache does not undo it', async () => {
    const api = createMemoryApi()
    const first = await make()
    api.put(secretKind, { ...secretOf(first), type: 'kubernetes.io/tls' })
    const clock = createManualClock({ now: noon + 20 * day })
    const leader = () => leaderAt(api, clock).reconcile
    const { log } = createRecordingLog()
    const late = leader()
    assert.deepEqual(await leader()(key, { log }), { kind: 'done' })
    const stored = api.stored<Secret>(secretKind, primaryTlsName, 'conjoin')
    assert.notEqual(stored?.data?.['tls.crt'], secretOf(first).data?.['tls.crt'])
    await assert.rejects(late(key, { log }), { name: 'KubeApiError', status: 409 })
    api.sync()
    assert.deepEqual(await leader()(key, { log }), { kind: 'again', afterMs: day })
  })
})
