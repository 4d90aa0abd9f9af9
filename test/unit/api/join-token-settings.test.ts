import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { annotations } from '../../../src/api/group.ts'
import { readJoinTokenSettings } from '../../../src/api/join-token-settings.ts'

const now = Date.UTC(2026, 0, 1)
const hour = 3_600_000
const read = (given: Record<string, string>) => readJoinTokenSettings(given, { now })

describe('the settings of a join token', () => {
  it('are those of the vendor where nothing is said: any cluster, any number, no end', () => {
    const settings = { clusterLabels: {}, approval: 'automatic', redact: 'never' }
    assert.deepEqual(readJoinTokenSettings(undefined, { now }), { ok: true, settings })
    assert.deepEqual(read({ 'example.com/note': 'mine' }), { ok: true, settings })
  })

  it('are all read', () => {
    const reading = read({
      [annotations.expiresIn]: '1h30m',
      [annotations.maxUses]: '500',
      [annotations.clusterName]: 'edge-1',
      [annotations.boundUid]: '6f1b0a3c-1d2e-4f50-8a9b-0c1d2e3f4a5b',
      [annotations.clusterLabels]: 'region=eu,example.com/tier=gold,empty=',
      [annotations.approval]: 'manual',
      [annotations.redact]: 'after-first-use',
    })
    assert.deepEqual(reading, {
      ok: true,
      settings: {
        expiresAt: now + 1.5 * hour,
        maxUses: 500,
        clusterName: 'edge-1',
        boundUid: '6f1b0a3c-1d2e-4f50-8a9b-0c1d2e3f4a5b',
        clusterLabels: { region: 'eu', 'example.com/tier': 'gold', empty: '' },
        approval: 'manual',
        redact: 'after-first-use',
      },
    })
  })

  it('blank a token at once only where it can have been read', () => {
    const fault = 'would blank the token before anybody can read it; set now once it is copied, or after-first-use'
    assert.deepEqual(read({ [annotations.redact]: 'now' }), {
      ok: false,
      faults: [{ annotation: annotations.redact, fault }],
    })
    const issued = read({ [annotations.redact]: 'now', [annotations.tokenId]: 'AAAAAAAAAAAAAAAA' })
    assert.equal(issued.ok && issued.settings.redact, 'now')
  })

  it('take a time as it is', () => {
    const reading = read({ [annotations.expiresAt]: '2026-01-01T03:00:00+02:00' })
    assert.ok(reading.ok)
    assert.equal(reading.settings.expiresAt, now + hour)
  })

  it('count expires-in only before the first fill, and expires-at afterwards', () => {
    const issued = {
      [annotations.tokenId]: 'AAAAAAAAAAAAAAAA',
      [annotations.expiresIn]: '1h',
      [annotations.expiresAt]: '2025-12-31T23:00:00Z',
    }
    const reading = read(issued)
    assert.ok(reading.ok)
    assert.equal(reading.settings.expiresAt, now - hour)
  })

  it('are not guessed where both expires-in and expires-at were given', () => {
    assert.deepEqual(read({ [annotations.expiresIn]: '1h', [annotations.expiresAt]: '2027-01-01T00:00:00Z' }), {
      ok: false,
      faults: [
        {
          annotation: 'dist.kio.kasten.io/expires-in',
          fault: 'is set together with dist.kio.kasten.io/expires-at; keep one of them',
        },
      ],
    })
  })

  for (const [annotation, value, fault] of [
    [annotations.expiresIn, 'tomorrow', 'is not a duration such as 30s, 15m, 24h, 7d or 1h30m'],
    [annotations.expiresIn, '', 'is not a duration such as 30s, 15m, 24h, 7d or 1h30m'],
    [annotations.expiresIn, '0s', 'is no time at all'],
    [annotations.expiresIn, '3651d', 'is longer than 3650d; leave it out for a token that stays'],
    [annotations.expiresAt, '2026-01-31', 'is not an RFC 3339 time such as 2030-01-31T12:00:00Z'],
    [annotations.expiresAt, '2025-12-31T23:59:59Z', 'lies in the past'],
    [annotations.maxUses, '0', 'is not a whole number from 1 to 500'],
    [annotations.maxUses, '501', 'is not a whole number from 1 to 500'],
    [annotations.maxUses, '1e2', 'is not a whole number from 1 to 500'],
    [annotations.maxUses, ' 5', 'is not a whole number from 1 to 500'],
    [annotations.clusterName, 'Edge', 'is not an RFC 1123 subdomain of at most 63 characters'],
    [
      annotations.boundUid,
      'edge-1',
      "is not a UID; kubectl get namespace kube-system -o jsonpath='{.metadata.uid}' prints that of the joining cluster",
    ],
    [annotations.clusterLabels, 'region', 'is not a list of labels such as region=eu,tier=gold'],
    [annotations.clusterLabels, '', 'is not a list of labels such as region=eu,tier=gold'],
    [annotations.clusterLabels, 'a=b=c', 'is not a list of labels such as region=eu,tier=gold'],
    [annotations.clusterLabels, 'a=b,a=c', 'sets the label a twice'],
    [
      annotations.clusterLabels,
      'dist.kio.kasten.io/cluster-type=primary',
      'sets the reserved label dist.kio.kasten.io/cluster-type',
    ],
    [annotations.approval, 'Manual', 'is not manual'],
    [annotations.redact, 'yes', 'is not now or after-first-use'],
  ] as const) {
    it(`stop the token where ${annotation} is ${JSON.stringify(value)}: it ${fault}`, () => {
      assert.deepEqual(read({ [annotation]: value }), { ok: false, faults: [{ annotation, fault }] })
    })
  }

  it('name every fault at once', () => {
    const reading = read({ [annotations.maxUses]: '-1', [annotations.redact]: 'never' })
    assert.ok(!reading.ok)
    assert.deepEqual(
      reading.faults.map((fault) => fault.annotation),
      [annotations.maxUses, annotations.redact],
    )
  })

  it('take a label named like a property of every object as a label', () => {
    const reading = read({ [annotations.clusterLabels]: 'constructor=a' })
    assert.ok(reading.ok)
    assert.deepEqual(Object.entries(reading.settings.clusterLabels), [['constructor', 'a']])
  })
})
