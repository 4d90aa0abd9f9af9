import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../../src/api/group.ts'
import { encodeIdentity } from '../../../../src/api/mc-identity.ts'
import type { Secret } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { generateSigningKey, toPrivatePem } from '../../../../src/protocol/keys.ts'
import { createIdentityKeeper } from '../../../../src/secondary/identity/identity-keeper.ts'
import type { ObjectStore } from '../../../../src/secondary/objects.ts'

const key = generateSigningKey()
const joined = {
  membership: {
    primaryUid: 'p',
    primaryName: 'hub',
    clusterName: 'east',
    dialect: 'first',
    endpoint: 'https://hub.example',
    endpoints: [],
    keys: { current: { kid: key.thumbprint, x: key.x } },
  },
  token: new Redacted('token'),
} as const

/** `mc-identity` of a member, as somebody else's tool has written it: what an apply leaves out stays in it. */
function restored(clusterUid: string) {
  const { annotations: marks, data } = encodeIdentity({
    clusterUid,
    privateKey: new Redacted(toPrivatePem(key)),
    joined,
    former: joined,
  })
  let secret: Secret = { metadata: { name: 'mc-identity', annotations: marks }, data }
  const objects: Pick<ObjectStore, 'write'> = {
    async write(name, content) {
      secret = {
        metadata: { name, annotations: { ...marks, ...content.annotations } },
        data: { ...secret.data, ...content.data },
      }
      return secret
    },
  }
  return { keeper: createIdentityKeeper({ objects, ownUid: 'here' }), secret: () => secret }
}

describe('mc-identity that was restored from a backup', () => {
  it('keeps nothing of the membership of another cluster, and its key aside', async () => {
    const { keeper, secret } = restored('there')
    assert.equal(keeper.judge(secret()).kind, 'clone')
    await keeper.make(secret())
    const judged = keeper.judge(secret())
    assert.equal(judged.kind, 'use')
    assert.deepEqual([judged.identity.joined, judged.identity.former], [undefined, undefined])
    assert.notEqual(judged.identity.key.thumbprint, key.thumbprint)
    assert.equal(secret().metadata.annotations?.[annotations.clusterUid], 'here')
    assert.equal(secret().data?.['aside.key'], Buffer.from(toPrivatePem(key)).toString('base64'))
  })

  it('keeps nothing of a membership that has ended', async () => {
    const { keeper, secret } = restored('here')
    const before = keeper.judge(secret())
    assert.equal(before.kind === 'use' && before.identity.joined?.membership.clusterName, 'east')
    await keeper.store(secret(), { key })
    const judged = keeper.judge(secret())
    assert.equal(judged.kind, 'use')
    assert.deepEqual(judged.identity, { key })
  })
})

describe('mc-identity of a member whose key changes', () => {
  const [next, previous] = [generateSigningKey(), generateSigningKey()]
  const member = { key, joined, next, previous, rotated: 'now' }

  it('holds every key, and which wish of the user it follows, and they are read back whole', async () => {
    const { keeper, secret } = restored('here')
    await keeper.store(secret(), member)
    const judged = createIdentityKeeper({ objects: { write: async () => secret() }, ownUid: 'here' }).judge(secret())
    assert.ok(judged.kind === 'use')
    const { key: read, next: readNext, previous: readPrevious, rotated } = judged.identity
    assert.deepEqual(
      [read.thumbprint, readNext?.thumbprint, readPrevious?.thumbprint, rotated],
      [key.thumbprint, next.thumbprint, previous.thumbprint, 'now'],
    )
  })

  it('is written back whole by a process that holds it', async () => {
    const { keeper, secret } = restored('here')
    await keeper.store(secret(), member)
    const judged = keeper.judge(undefined)
    assert.deepEqual(judged, { kind: 'write-back', identity: member })
  })

  it('keeps no other key than it is given, where somebody else wrote them', async () => {
    const { keeper, secret } = restored('here')
    await keeper.store(secret(), member)
    await keeper.store(secret(), { key: next, joined })
    const judged = keeper.judge(secret())
    assert.ok(judged.kind === 'use')
    assert.deepEqual([judged.identity.next, judged.identity.previous], [undefined, undefined])
  })

  it('is the member still where one of the other keys is damaged', async () => {
    const { keeper, secret } = restored('here')
    await keeper.store(secret(), member)
    const data = { ...secret().data, 'next.key': 'AAAA', 'previous.key': '' }
    const judged = keeper.judge({ ...secret(), data })
    assert.ok(judged.kind === 'use')
    assert.equal(judged.identity.key.thumbprint, key.thumbprint)
    assert.deepEqual([judged.identity.next, judged.identity.previous], [undefined, undefined])
  })
})
