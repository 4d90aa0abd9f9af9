/** `rotate member`: asks for another key of a secondary, and tells what its operator makes of that. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../src/api/group.ts'
import { encodeClusterInfo } from '../../../src/api/mc-cluster-info.ts'
import { encodeIdentity } from '../../../src/api/mc-identity.ts'
import { type Secret, secretKind } from '../../../src/kube/objects.ts'
import { Redacted } from '../../../src/lib/redacted.ts'
import { generateSigningKey, type SigningKey, toPrivatePem } from '../../../src/protocol/keys.ts'
import { createTerminal, now } from './terminal.fixture.ts'

const namespace = 'kasten-io'
const [key, next, primaryKey] = [generateSigningKey(), generateSigningKey(), generateSigningKey()]
const wish = new Date(now).toISOString()
const pem = (of: SigningKey) => new Redacted(toPrivatePem(of))

const joinedWith = (token: string) => ({
  token: new Redacted(token),
  membership: {
    primaryUid: 'hub-uid',
    primaryName: 'hub',
    clusterName: 'east',
    dialect: 'first',
    endpoint: 'https://hub.example',
    endpoints: [],
    keys: { current: { kid: primaryKey.thumbprint, x: primaryKey.x } },
  } as const,
})

/** A secondary whose operator answers the wish as `heed` does, as soon as somebody looks. */
function member(heed: (put: Put) => void = () => undefined) {
  const terminal = createTerminal()
  const put: Put = (name, content) =>
    void terminal.api.put<Secret>(secretKind, {
      metadata: { name, namespace, annotations: content.annotations },
      data: content.data,
    })
  put('mc-cluster-info', { annotations: {}, data: encodeClusterInfo(joinedWith('old')) })
  put('mc-identity', encodeIdentity({ clusterUid: 'here', privateKey: pem(key), joined: joinedWith('old') }))
  terminal.api.before = (request) => {
    const info = terminal.api.stored<Secret>(secretKind, 'mc-cluster-info', namespace)
    if (request.startsWith('get') && info?.metadata.annotations?.[annotations.rotate] === wish) heed(put)
  }
  return terminal
}

type Put = (name: string, content: { annotations: Record<string, string>; data: Record<string, string> }) => void

const replaced = { clusterUid: 'here', privateKey: pem(next), previousKey: pem(key), rotated: wish }

describe('rotate member', () => {
  it('says which key it is now, when both Secrets have followed, and prints no secret', async () => {
    let looks = 0
    const terminal = member((put) => {
      looks += 1
      put('mc-identity', encodeIdentity({ ...replaced, joined: joinedWith('new') }))
      // What was said while it was tried is not the end of it.
      const marks = { [annotations.rotate]: wish, [annotations.rotateError]: 'Busy: a; b' }
      if (looks === 1) put('mc-cluster-info', { annotations: marks, data: encodeClusterInfo(joinedWith('old')) })
      if (looks > 4)
        put('mc-cluster-info', {
          annotations: { [annotations.rotate]: wish },
          data: encodeClusterInfo(joinedWith('new')),
        })
    })
    const { exitCode, printed, said } = await terminal.run('rotate', 'member')
    assert.equal(exitCode, 0, said)
    assert.equal(printed, 'secret/mc-cluster-info annotated\n')
    assert.equal(
      said,
      `Busy: a; b\nthe key of this cluster is ${next.thumbprint} now; the one before is refused from its first use on\n`,
    )
    assert.ok(looks > 4)
  })

  it('says why it takes longer, and that it goes on by itself', async () => {
    const error = 'ConnectRefused: the primary cannot be reached; check the endpoint'
    const terminal = member((put) => {
      const pending = { clusterUid: 'here', privateKey: pem(key), nextKey: pem(next), rotated: wish }
      put('mc-identity', encodeIdentity({ ...pending, joined: joinedWith('old') }))
      const marks = { [annotations.rotate]: wish, [annotations.rotateError]: error }
      put('mc-cluster-info', { annotations: marks, data: encodeClusterInfo(joinedWith('old')) })
    })
    const { exitCode, said } = await terminal.run('rotate', 'member', '--timeout', '0s')
    assert.equal(exitCode, 1)
    assert.ok(said.startsWith(`${error}\nerror: the key was not replaced after 0 s; it goes on by itself`), said)
    assert.match(said, /run next:\n {2}kubectl conjoin status -n kasten-io\n$/)
  })

  it('fails where the primary has taken neither key', async () => {
    const terminal = member((put) => {
      put(
        'mc-identity',
        encodeIdentity({ clusterUid: 'here', privateKey: pem(key), rotated: wish, joined: joinedWith('old') }),
      )
      const marks = { [annotations.rotate]: wish, [annotations.rotateError]: 'KeyMismatch: neither; see' }
      put('mc-cluster-info', { annotations: marks, data: encodeClusterInfo(joinedWith('old')) })
    })
    const { exitCode, said } = await terminal.run('rotate', 'member')
    assert.equal(exitCode, 1)
    assert.match(
      said,
      /^KeyMismatch: neither; see\nerror: the primary has not taken the new key, and it was given up\n/,
    )
  })

  it('asks for nothing in a dry run, and of a cluster that has joined nobody', async () => {
    const terminal = member()
    const { printed } = await terminal.run('rotate', 'member', '--dry-run')
    assert.equal(printed, 'secret/mc-cluster-info annotated (dry run)\n')
    const info = terminal.api.stored<Secret>(secretKind, 'mc-cluster-info', namespace)
    assert.equal(info?.metadata.annotations?.[annotations.rotate], undefined)
    const alone = await createTerminal().run('rotate', 'member')
    assert.deepEqual(
      [alone.exitCode, alone.said],
      [0, 'there is no membership in kasten-io: this cluster has joined nobody\n'],
    )
  })
})
