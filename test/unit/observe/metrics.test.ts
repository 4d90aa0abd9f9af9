/** What a scrape shows of what the rest of the process tells. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMetrics } from '../../../src/observe/metrics.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { samplesOf } from '../../support/scrape.ts'

function start(role: 'primary' | 'secondary') {
  const clock = createManualClock()
  const metrics = createMetrics({ role, version: '1.2.3', clock })
  return { clock, metrics, scrape: async () => samplesOf(await metrics.text()) }
}

describe('the metrics of a process', () => {
  it('carry its role and its version', async () => {
    assert.match(await start('secondary').metrics.text(), /^conjoin_build_info\{version="1.2.3",role="secondary"\} 1$/m)
  })

  it('are its own: another registry in the same process knows nothing of them', async () => {
    const [one, other] = [start('primary'), start('primary')]
    one.metrics.primary().tokenUsed()
    other.metrics.primary()
    assert.equal((await other.scrape())['conjoin_token_uses_total'], 0)
  })

  it('say of a process that stands idle nothing but that it runs', async () => {
    assert.deepEqual(await start('primary').scrape(), { 'conjoin_build_info{version="1.2.3"}': 1 })
  })

  it('have what every Node.js process has, under its usual names', async () => {
    const text = await start('primary').metrics.text()
    for (const name of ['process_cpu_seconds_total', 'process_start_time_seconds', 'nodejs_eventloop_lag_p99_seconds'])
      assert.match(text, new RegExp(`^${name}\\{role="primary"\\} `, 'm'))
  })
})

describe('the metrics of both roles', () => {
  it('count requests to the API server by verb, resource and code, and time them by verb', async () => {
    const { clock, metrics, scrape } = start('primary')
    const role = metrics.role()
    const ended = role.request({ verb: 'get', resource: 'secrets' })
    await clock.advance(300)
    ended(404)
    role.request({ verb: 'get', resource: 'secrets' })(0)
    const samples = await scrape()
    assert.equal(samples['conjoin_kube_requests_total{verb="get",resource="secrets",code="404"}'], 1)
    assert.equal(samples['conjoin_kube_requests_total{verb="get",resource="secrets",code="0"}'], 1)
    assert.equal(samples['conjoin_kube_request_duration_seconds_sum{verb="get"}'], 0.3)
    assert.equal(samples['conjoin_kube_request_duration_seconds_bucket{le="0.25",verb="get"}'], 1)
    assert.equal(samples['conjoin_kube_request_duration_seconds_bucket{le="0.5",verb="get"}'], 2)
  })

  it('count and time reconciles, and look at the queues when they are scraped', async () => {
    const { clock, metrics, scrape } = start('primary')
    const role = metrics.role()
    let waiting = 3
    role.queue('cluster', () => waiting)
    const ended = role.reconcile('cluster')
    await clock.advance(2_000)
    ended('retry')
    assert.equal((await scrape())['conjoin_queue_depth{controller="cluster"}'], 3)
    waiting = 0
    const samples = await scrape()
    assert.equal(samples['conjoin_queue_depth{controller="cluster"}'], 0)
    assert.equal(samples['conjoin_reconciles_total{controller="cluster",outcome="retry"}'], 1)
    assert.equal(samples['conjoin_reconcile_duration_seconds_sum{controller="cluster"}'], 2)
  })

  it('count the lists and the watches of caches', async () => {
    const { metrics, scrape } = start('primary')
    const role = metrics.role()
    role.listed('clusters')
    role.watched('clusters')
    role.watched('clusters')
    const samples = await scrape()
    assert.equal(samples['conjoin_informer_lists_total{resource="clusters"}'], 1)
    assert.equal(samples['conjoin_informer_watches_total{resource="clusters"}'], 2)
  })

  it('say who leads', async () => {
    const { metrics, scrape } = start('secondary')
    const role = metrics.role()
    assert.equal((await scrape())['conjoin_leader'], 0)
    role.leads(true)
    assert.equal((await scrape())['conjoin_leader'], 1)
    role.leads(false)
    assert.equal((await scrape())['conjoin_leader'], 0)
  })
})

describe('the metrics of a primary', () => {
  it('count each thing that it is asked for by what it said', async () => {
    const { clock, metrics, scrape } = start('primary')
    const primary = metrics.primary()
    const ended = primary.asked('join')
    await clock.advance(20)
    ended('TokenInvalid')
    for (const ask of ['challenge', 'heartbeat', 'rekey', 'leave'] as const) primary.asked(ask)('ok')
    const samples = await scrape()
    assert.equal(samples['conjoin_joins_total{code="TokenInvalid"}'], 1)
    assert.equal(samples['conjoin_challenges_total{code="ok"}'], 1)
    assert.equal(samples['conjoin_heartbeats_total{code="ok"}'], 1)
    assert.equal(samples['conjoin_rekeys_total{code="ok"}'], 1)
    assert.equal(samples['conjoin_leaves_total{code="ok"}'], 1)
    assert.equal(samples['conjoin_join_duration_seconds_count'], 1)
    assert.equal(samples['conjoin_join_duration_seconds_sum'], 0.02)
  })

  it('begin with no success, so that the first one shows in a rate', async () => {
    const { metrics, scrape } = start('primary')
    metrics.primary()
    const samples = await scrape()
    for (const what of ['challenges', 'joins', 'heartbeats', 'leaves'])
      assert.equal(samples[`conjoin_${what}_total{code="ok"}`], 0)
    assert.equal(samples['conjoin_token_uses_total'], 0)
  })

  it('count answers, limits and uses of tokens', async () => {
    const { metrics, scrape } = start('primary')
    const primary = metrics.primary()
    primary.answered('none', 404)
    primary.limited('source')
    primary.tokenUsed()
    const samples = await scrape()
    assert.equal(samples['conjoin_http_responses_total{route="none",code="404"}'], 1)
    assert.equal(samples['conjoin_limited_total{limit="source"}'], 1)
    assert.equal(samples['conjoin_token_uses_total'], 1)
  })

  it('show the clusters as they are at the moment of the scrape', async () => {
    const { metrics, scrape } = start('primary')
    const primary = metrics.primary()
    const clustersIn = async () =>
      Object.entries(await scrape()).filter(([sample]) => sample.startsWith('conjoin_clusters'))
    assert.deepEqual(await clustersIn(), [])
    let reasons = ['Joined', 'NoHeartbeat', 'Joined']
    primary.observe(() => ({
      clusters: [
        { type: 'primary', reason: 'Primary' },
        ...reasons.map((reason) => ({ type: 'secondary', reason }) as const),
      ],
      tombstones: 4,
      isIdentityLost: true,
      isConnectivityDegraded: true,
    }))
    assert.deepEqual(await clustersIn(), [
      ['conjoin_clusters{type="primary",reason="Primary"}', 1],
      ['conjoin_clusters{type="secondary",reason="Joined"}', 2],
      ['conjoin_clusters{type="secondary",reason="NoHeartbeat"}', 1],
    ])
    assert.equal((await scrape())['conjoin_tombstones'], 4)
    assert.equal((await scrape())['conjoin_identity_lost'], 1)
    assert.equal((await scrape())['conjoin_connectivity_degraded'], 1)
    reasons = []
    assert.deepEqual(await clustersIn(), [['conjoin_clusters{type="primary",reason="Primary"}', 1]])
  })
})

describe('the metrics of a secondary', () => {
  it('count and time its tries to join', async () => {
    const { clock, metrics, scrape } = start('secondary')
    const secondary = metrics.secondary()
    assert.equal((await scrape())['conjoin_join_attempts_total{code="ok"}'], 0)
    const ended = secondary.joining()
    await clock.advance(1_500)
    ended('ConnectRefused')
    const samples = await scrape()
    assert.equal(samples['conjoin_join_attempts_total{code="ConnectRefused"}'], 1)
    assert.equal(samples['conjoin_join_exchange_duration_seconds_sum'], 1.5)
  })

  it('tell its membership, and the last contact only where there was one', async () => {
    const { metrics, scrape } = start('secondary')
    const secondary = metrics.secondary()
    secondary.beat('ok')
    let lastContact: number | undefined
    secondary.observe(() => ({ isMember: true, lastContact }))
    const before = await scrape()
    assert.equal(before['conjoin_beats_total{code="ok"}'], 1)
    assert.equal(before['conjoin_member'], 1)
    assert.equal(before['conjoin_last_contact_timestamp_seconds'], undefined)
    lastContact = 1_900_000_000_500
    assert.equal((await scrape())['conjoin_last_contact_timestamp_seconds'], 1_900_000_000.5)
  })
})
