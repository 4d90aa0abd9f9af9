/** `rotate primary`: asks for another signing key, or for one less, and tells what the leader makes of that. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../src/api/group.ts'
import { encodePrimaryIdentity, type PrimaryIdentity, primaryIdentityName } from '../../../src/api/primary-identity.ts'
import { type Secret, secretKind } from '../../../src/kube/objects.ts'
import { Redacted } from '../../../src/lib/redacted.ts'
import { generateSigningKey, type SigningKey, toPrivatePem } from '../../../src/protocol/keys.ts'
import { createTerminal, now } from './terminal.fixture.ts'

const namespace = 'conjoin-system'
const [first, second] = [generateSigningKey(), generateSigningKey()]
const pem = (key: SigningKey) => new Redacted(toPrivatePem(key))
const wish = new Date(now).toISOString()
const one: PrimaryIdentity = { clusterUid: 'hub-uid', privateKey: pem(first), retired: [], compromised: [] }
const two: PrimaryIdentity = { ...one, next: { privateKey: pem(second), announcedAt: now }, rotated: wish }
const latest = '2030-01-08T00:00:00Z'

/** A primary whose leader writes what `heed` gives, once one of the annotations is there. */
function primary(stored: PrimaryIdentity, heed?: () => PrimaryIdentity) {
  const terminal = createTerminal()
  const marks = (): Readonly<Record<string, string>> =>
    terminal.api.stored<Secret>(secretKind, primaryIdentityName, namespace)?.metadata.annotations ?? {}
  const put = (identity: PrimaryIdentity) => {
    const { annotations: own, data } = encodePrimaryIdentity(identity)
    const metadata = { name: primaryIdentityName, namespace, annotations: { ...marks(), ...own } }
    terminal.api.put<Secret>(secretKind, { metadata, data })
  }
  put(stored)
  terminal.api.before = (request) => {
    const isAsked = [annotations.rotate, annotations.compromised].some((name) => marks()[name] !== undefined)
    if (request.startsWith('get') && isAsked && heed !== undefined) put(heed())
  }
  return { run: async (...args: readonly string[]) => terminal.run(...args), marks }
}

describe('rotate primary', () => {
  it('names the next key and when it becomes current, and prints no key', async () => {
    const cluster = primary(one, () => two)
    const { exitCode, printed, said } = await cluster.run('rotate', 'primary')
    assert.equal(exitCode, 0, said)
    assert.equal(printed, 'secret/mc-primary-identity annotated\n')
    assert.equal(
      said,
      `the next signing key is ${second.thumbprint}; it becomes the current one when every member has named it, at ${latest} at the latest\n`,
    )
    assert.equal(cluster.marks()[annotations.rotate], wish)
  })

  it('names the current key where there was no member to wait for', async () => {
    const cluster = primary(one, () => ({ ...one, privateKey: pem(second), rotated: wish, promotedAt: now }))
    assert.equal((await cluster.run('rotate', 'primary')).said, `the signing key is ${second.thumbprint} now\n`)
  })

  it('tells of a roll that is going on', async () => {
    const cluster = primary({ ...two, rotated: 'earlier' })
    assert.match((await cluster.run('rotate', 'primary')).said, /^a roll is going on already: the next signing key is /)
  })

  it('fails where no operator follows, and says that it stays asked for', async () => {
    const { exitCode, said } = await primary(one).run('rotate', 'primary', '--timeout', '0s')
    assert.equal(exitCode, 1)
    assert.match(said, /nothing has happened after 0 s; it is done as soon as an operator leads, and stays asked for/)
  })

  it('gives up a compromised key beside those before, and says who needs what', async () => {
    const cluster = primary(one, () => ({ ...one, privateKey: pem(second), promotedAt: now }))
    const { exitCode, said } = await cluster.run('rotate', 'primary', '--compromised', first.thumbprint)
    assert.equal(exitCode, 0, said)
    assert.match(
      said,
      new RegExp(`^${first.thumbprint} is given up, and the signing key is ${second.thumbprint}; members`),
    )
    await cluster.run('rotate', 'primary', '--compromised', second.thumbprint, '--timeout', '0s')
    assert.equal(cluster.marks()[annotations.compromised], `${first.thumbprint},${second.thumbprint}`)
  })

  it('gives up no key that the primary does not hold, and names those that it holds', async () => {
    const cluster = primary(two)
    const { exitCode, said } = await cluster.run('rotate', 'primary', '--compromised', 'mistyped')
    assert.equal(exitCode, 1)
    assert.ok(
      said.includes(`this primary holds no key mistyped; it holds ${first.thumbprint}, ${second.thumbprint}`),
      said,
    )
    assert.equal(cluster.marks()[annotations.compromised], undefined)
  })

  it('asks for nothing in a dry run, and fails where there is no primary', async () => {
    const cluster = primary(one)
    assert.equal(
      (await cluster.run('rotate', 'primary', '--dry-run')).printed,
      'secret/mc-primary-identity annotated (dry run)\n',
    )
    assert.equal(cluster.marks()[annotations.rotate], undefined)
    const nowhere = await createTerminal().run('rotate', 'primary')
    assert.equal(nowhere.exitCode, 1)
    assert.match(
      nowhere.said,
      /there is no signing key of a primary in the Secret mc-primary-identity of conjoin-system/,
    )
  })
})
