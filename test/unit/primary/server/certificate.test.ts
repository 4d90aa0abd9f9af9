/** The primary's own certificate: what is in it, and the hash of its key by which a challenge vouches for it. */
import assert from 'node:assert/strict'
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { describe, it } from 'node:test'
import { secretKind } from '../../../../src/kube/objects.ts'
import { createSelfSignedCertificate, spkiHash } from '../../../../src/primary/server/certificate.ts'
import { loadCertificate } from '../../../../src/primary/server/tls-secret.ts'
import { createMemoryApi, failure } from '../memory-api.fixture.ts'
import { noon } from '../objects.fixture.ts'

const day = 24 * 3_600_000
const hosts = ['localhost', 'primary.example.com', '192.0.2.7', '2001:db8::7']

describe('a certificate of our own', () => {
  it('names every host and address, is valid from yesterday on, and is that of a server only', async () => {
    const made = await createSelfSignedCertificate({ hosts, days: 10, now: noon })
    const certificate = new X509Certificate(made.certificatePem)
    for (const host of hosts.slice(0, 2)) assert.equal(certificate.checkHost(host), host)
    for (const address of hosts.slice(2)) assert.equal(certificate.checkIP(address), address)
    assert.equal(certificate.checkHost('other.example.com'), undefined)
    assert.equal(Date.parse(certificate.validFrom), noon - day)
    assert.equal(Date.parse(certificate.validTo), noon + 10 * day)
    assert.equal(certificate.ca, false)
    // id-kp-serverAuth (RFC 5280 §4.2.1.12).
    assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
    assert.equal(certificate.verify(certificate.publicKey), true)
  })

  it('has a key of its own each time, which is the private half of it', async () => {
    const [one, other] = await Promise.all([
      createSelfSignedCertificate({ hosts, days: 1, now: noon }),
      createSelfSignedCertificate({ hosts, days: 1, now: noon }),
    ])
    assert.notEqual(spkiHash(one.certificatePem), spkiHash(other.certificatePem))
    assert.equal(new X509Certificate(one.certificatePem).checkPrivateKey(createPrivateKey(one.privateKeyPem)), true)
    assert.equal(new X509Certificate(one.certificatePem).checkPrivateKey(createPrivateKey(other.privateKeyPem)), false)
  })

  it('is known by SHA-256 of its public key as it stands in it, base64url', async () => {
    const { certificatePem } = await createSelfSignedCertificate({ hosts, days: 1, now: noon })
    const der = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' })
    assert.equal(spkiHash(certificatePem), createHash('sha256').update(der).digest('base64url'))
    assert.match(spkiHash(certificatePem), /^[\w-]{43}$/)
  })
})

describe('the Secret of the certificate', () => {
  const options = { namespace: 'conjoin', hosts, now: noon }

  it('is made once, and is the same for all replicas and after a restart', async () => {
    const api = createMemoryApi()
    const [first, second] = await Promise.all([
      loadCertificate(api.client, options),
      loadCertificate(api.client, options),
    ])
    assert.deepEqual(second, first)
    assert.deepEqual(await loadCertificate(api.client, { ...options, now: noon + 400 * day }), first)
    const stored = api.stored(secretKind, 'mc-primary-tls', 'conjoin')
    assert.equal(Reflect.get(stored ?? {}, 'type'), 'kubernetes.io/tls')
    assert.equal(api.all(secretKind).length, 1)
  })

  it('is not overwritten where it holds no certificate, and the message says what to do', async () => {
    const pair = { 'tls.crt': 'eA==', 'tls.key': 'eA==' }
    for (const data of [{}, { 'tls.crt': 'eA==' }, { 'tls.key': 'eA==' }, pair]) {
      const api = createMemoryApi()
      api.put(secretKind, { metadata: { name: 'mc-primary-tls', namespace: 'conjoin' }, data })
      await assert.rejects(loadCertificate(api.client, options), {
        message: /^the Secret mc-primary-tls holds no certificate.*; restore or delete it$/,
      })
      assert.deepEqual(api.requests, ['get secrets mc-primary-tls'])
    }
  })

  it('is not made where the API server does not say that it is missing', async () => {
    const api = createMemoryApi()
    api.before = () => {
      throw failure(403, 'Forbidden')
    }
    await assert.rejects(loadCertificate(api.client, options), { name: 'KubeApiError', reason: 'Forbidden' })
    assert.deepEqual(api.requests, ['get secrets mc-primary-tls'])
  })
})
