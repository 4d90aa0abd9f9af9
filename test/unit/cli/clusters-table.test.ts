import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Cluster } from '../../../src/api/cluster.ts'
import { clusterColumns, clusterRow, isTimeColumn } from '../../../src/cli/commands/clusters-table.ts'

const now = Date.parse('2030-01-31T12:00:00Z')

function ago(seconds: number): string {
  return new Date(now - seconds * 1000).toISOString()
}

/** A member that is well and was stored an hour ago. */
function member(status: Partial<NonNullable<Cluster['status']>> = {}): Cluster {
  return {
    apiVersion: 'dist.kio.kasten.io/v1alpha1',
    kind: 'Cluster',
    metadata: {
      name: 'east',
      namespace: 'kasten-io-mc',
      labels: { 'dist.kio.kasten.io/cluster-type': 'secondary' },
      creationTimestamp: ago(3 * 86_400),
    },
    spec: {
      primary: false,
      k10: { namespace: 'kasten-io', releaseName: 'k10', ingress: { url: 'https://east.example.com/k10' } },
      member: { uid: 'uid-east', publicKey: 'key', keyId: 'id', since: ago(3 * 86_400), tokenId: '' },
    },
    status: {
      id: 'uid-east',
      lastSeen: ago(3_000),
      versions: { kubernetes: 'v1.36.3', operator: '0.1.0' },
      conditions: [
        { type: 'Ready', status: 'True', reason: 'Joined', message: '', lastTransitionTime: ago(3 * 86_400) },
      ],
      ...status,
    },
  }
}

const silent = () => undefined

/** The cells by their columns. */
function row(cluster: Cluster, lastSeen: (uid: string) => string | undefined = silent): Record<string, string> {
  const columns = clusterColumns(true)
  const cells = clusterRow(cluster, { wide: true, lastSeen, now })
  assert.equal(cells.length, columns.length)
  return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']))
}

describe('the table of clusters', () => {
  it('shows of each what it is, whether it is ready, and what it runs', () => {
    assert.deepEqual(row(member()), {
      NAME: 'east',
      TYPE: 'secondary',
      READY: 'True',
      REASON: 'Joined',
      VERSION: 'v1.36.3',
      'LAST-SEEN': '≤50m',
      AGE: '3d',
      CONJOIN: '0.1.0',
      ID: 'uid-east',
      INGRESS: 'https://east.example.com/k10',
    })
  })

  it('keeps what is wide for those who ask for it', () => {
    assert.deepEqual(clusterColumns(false), ['NAME', 'TYPE', 'READY', 'REASON', 'VERSION', 'LAST-SEEN', 'AGE'])
    assert.equal(clusterRow(member(), { wide: false, lastSeen: silent, now }).length, 7)
  })

  it('says when a cluster was last heard, where the replicas tell it', () => {
    assert.equal(row(member(), (uid) => (uid === 'uid-east' ? ago(12) : undefined))['LAST-SEEN'], '12s')
  })

  it('marks the stored time, which may be an hour old, also where it is newer than what is told', () => {
    assert.equal(row(member({ lastSeen: ago(60) }), () => ago(7_200))['LAST-SEEN'], '≤1m')
  })

  it('knows a cluster that was never heard, and the primary itself', () => {
    const { lastSeen: _lastSeen, ...never } = member().status ?? {}
    assert.equal(row({ ...member(), status: never })['LAST-SEEN'], '<never>')
    const own = member()
    assert.equal(row({ ...own, spec: { ...own.spec, primary: true } })['LAST-SEEN'], '<self>')
  })

  it('has a row for a Cluster that nobody has looked at yet', () => {
    const { status: _status, ...fresh } = member()
    const cells = row(fresh)
    assert.deepEqual([cells['READY'], cells['REASON'], cells['VERSION']], ['Unknown', '<none>', '<none>'])
  })

  it('calls the two columns that change by themselves by their place', () => {
    const changing = clusterColumns(true).filter((_column, index) => isTimeColumn(index))
    assert.deepEqual(changing, ['LAST-SEEN', 'AGE'])
  })
})
