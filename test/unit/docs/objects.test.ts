/** The pages of docs/spec know the Secrets and the ConfigMap: their keys, what users ask of a token, and what faults get. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations, group } from '../../../src/api/group.ts'
import { encodeJoinTokenData, joinTokenType } from '../../../src/api/join-token-secret.ts'
import { readJoinTokenSettings } from '../../../src/api/join-token-settings.ts'
import { encodeClusterInfo } from '../../../src/api/mc-cluster-info.ts'
import { encodeIdentity } from '../../../src/api/mc-identity.ts'
import { parseJoinInput } from '../../../src/api/mc-join.ts'
import { encodeJoinStatus } from '../../../src/api/mc-join-status.ts'
import type { StoredMembership } from '../../../src/api/membership.ts'
import type { Secret } from '../../../src/kube/objects.ts'
import { Redacted } from '../../../src/lib/redacted.ts'
import { decideJoinToken } from '../../../src/primary/join-token/join-token.decide.ts'
import { generateSigningKey } from '../../../src/protocol/keys.ts'
import { namesUnder, readPage, rowsUnder } from './pages.fixture.ts'

const tokenPage = readPage('join-token')
const secondaryPage = readPage('secondary')
const now = Date.parse('2026-11-21T05:12:52Z')
const prefixed = (name: string) => `${group}/${name}`

describe('docs/spec/join-token.md', () => {
  it('lists what a token Secret is filled with', () => {
    assert.deepEqual(namesUnder(tokenPage, 'Data'), Object.keys(encodeJoinTokenData({ endpoint: 'https://a' })))
  })

  it('lists what a user may ask for, and apart from it what conjoin writes', () => {
    const { seen, record } = recorder()
    readJoinTokenSettings(record, { now })
    const asked = namesUnder(tokenPage, 'What you ask for').map(prefixed)
    assert.deepEqual(new Set(asked), new Set([...seen].filter((name) => name !== annotations.tokenId)))
    const written = namesUnder(tokenPage, 'What conjoin writes').map(prefixed)
    assert.ok(written.every((name) => name === annotations.tokenId || !seen.has(name)))
  })

  it('says of bad values what token-error says, of each setting at least one', () => {
    const rows = rowsUnder(tokenPage, 'What bad input gets')
    for (const [name = '', value = '', says] of rows) {
      const reading = readJoinTokenSettings({ [prefixed(name)]: value }, { now })
      assert.deepEqual(reading, { ok: false, faults: [{ annotation: prefixed(name), fault: says }] })
    }
    assert.deepEqual(new Set(rows.map(([name]) => name)), new Set(namesUnder(tokenPage, 'What you ask for')))
  })

  it('says of Secrets that cannot be filled or blanked what token-error says', () => {
    const issued = { [annotations.tokenId]: 'w19Ke6lhfwkXiKLT' }
    const token = { token: 'eA==' }
    const unfit: readonly (Partial<Secret> & { isForeign?: boolean; pinsLostKey?: boolean })[] = [
      { data: token },
      { immutable: true },
      { metadata: { name: 'a', annotations: issued }, isForeign: true },
      { metadata: { name: 'a', annotations: issued }, isForeign: true, pinsLostKey: true },
      {
        metadata: { name: 'a', annotations: { ...issued, [annotations.redact]: 'now' } },
        data: token,
        immutable: true,
      },
    ]
    const said = unfit.map(({ isForeign = false, pinsLostKey = false, ...given }) => {
      const secret = { metadata: { name: 'a' }, type: joinTokenType, ...given }
      return decideJoinToken({ secret, endpoint: 'https://a', isForeign, pinsLostKey, admitted: [], now })
    })
    const rows = rowsUnder(tokenPage, 'Secrets that cannot be filled or blanked')
    assert.deepEqual(
      rows.map(([, fault]) => ({ kind: 'report', fault })),
      said,
    )
  })
})

describe('docs/spec/secondary.md', () => {
  const signing = generateSigningKey()
  const membership: StoredMembership = {
    primaryUid: 'a',
    primaryName: 'a',
    clusterName: 'a',
    dialect: 'second',
    endpoint: 'https://a',
    endpoints: [],
    keys: { current: { kid: signing.thumbprint, x: signing.x } },
  }
  const secret = new Redacted('a')
  const joined = { membership, token: secret }

  it('lists the keys that a join is read from', () => {
    const [join, config] = [recorder(), recorder()]
    parseJoinInput(join.record, config.record)
    assert.deepEqual(new Set(namesUnder(secondaryPage, 'mc-join')), join.seen)
    assert.deepEqual(new Set(namesUnder(secondaryPage, 'mc-join-config')), config.seen)
  })

  const written = {
    'mc-join-status': encodeJoinStatus({ status: 'Joined', msg: '', timestamp: '', hash: '' }, 'first'),
    'mc-cluster-info': encodeClusterInfo(joined),
    'mc-identity': encodeIdentity({
      clusterUid: 'a',
      privateKey: secret,
      nextKey: secret,
      previousKey: secret,
      joined,
      former: joined,
    }).data,
  } as const
  for (const [name, data] of Object.entries(written))
    it(`lists the keys of ${name}`, () => {
      assert.deepEqual(new Set(namesUnder(secondaryPage, name)), new Set(Object.keys(data)))
    })
})

/** A record without entries that remembers what was looked for. */
function recorder(): { readonly seen: ReadonlySet<string>; readonly record: Readonly<Record<string, string>> } {
  const seen = new Set<string>()
  const record = new Proxy<Record<string, string>>(
    {},
    {
      get(_, name) {
        seen.add(String(name))
        return undefined
      },
    },
  )
  return { seen, record }
}
