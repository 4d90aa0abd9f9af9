/** What Prometheus gets from a primary and a secondary between which a join was refused and another one admitted. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Agent, request } from 'undici'
import { sourceLoad } from '../../src/primary/load/limits.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { promtool } from '../support/promtool.ts'
import type { Scene } from '../support/scene.ts'
import { samplesOf, scrape, total } from '../support/scrape.ts'
import { until } from '../support/until.ts'

const clusterName = 'east-of-eden'
const count = (answers: readonly number[], status: number) => answers.filter((answer) => answer === status).length

describe('a scrape', () => {
  let pair: Pair
  let scene: Scene
  let primary: RoleProcess
  let secondary: RoleProcess
  /** What both have said after the refusal, and after the join. */
  let refused: { primary: string; secondary: string }
  let joined: { primary: string; secondary: string }

  const scrapeBoth = async () => ({ primary: await scrape(primary), secondary: await scrape(secondary) })
  const everything = () => [refused.primary, refused.secondary, joined.primary, joined.secondary]

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('metrics')
    primary = await scene.startPrimary()
    secondary = await scene.startSecondary()
    await scene.bootstrap()
    const { endpoint, token } = await scene.token('revoked')
    await scene.onPrimary(['delete', 'secret', 'revoked'])
    await scene.mcJoin({ endpoint, token, clusterName })
    await scene.untilStatus('Rejected', /^TokenInvalid/)
    refused = await until('both have counted the refusal', async () => {
      const both = await scrapeBoth()
      const isAnswered = (samplesOf(both.primary)['conjoin_http_responses_total{route="join",code="403"}'] ?? 0) > 0
      const isTried = total(samplesOf(both.secondary), 'conjoin_join_attempts_total', /TokenInvalid/) > 0
      return isAnswered && isTried ? both : undefined
    })

    const fresh = await scene.token('fresh-token')
    await scene.mcJoin({ ...fresh, clusterName })
    await scene.untilStatus('Joined')
    await scene.untilReady(clusterName)
    joined = await until('both have counted a heartbeat, and no work waits', async () => {
      const both = await scrapeBoth()
      const [told, heard] = [samplesOf(both.primary), samplesOf(both.secondary)]
      const isHeard = (told['conjoin_heartbeats_total{code="ok"}'] ?? 0) > 0
      const isTold = (heard['conjoin_beats_total{code="ok"}'] ?? 0) > 0
      return isHeard && isTold && total(told, 'conjoin_queue_depth') === 0 ? both : undefined
    })
  })

  after(async () => {
    try {
      await scene.end(everything().map((text) => ({ where: '/metrics', text })))
    } finally {
      await pair.stop()
    }
  })

  it('of the primary counts the refused join by its code, and the other one as admitted', () => {
    const before = samplesOf(refused.primary)
    assert.equal(before['conjoin_joins_total{code="TokenInvalid"}'], 1)
    assert.equal(before['conjoin_joins_total{code="ok"}'], 0)
    assert.equal(before['conjoin_token_uses_total'], 0)
    assert.equal(before['conjoin_http_responses_total{route="join",code="403"}'], 1)
    const now = samplesOf(joined.primary)
    assert.equal(now['conjoin_joins_total{code="TokenInvalid"}'], 1)
    assert.equal(now['conjoin_joins_total{code="ok"}'], 1)
    assert.equal(now['conjoin_token_uses_total'], 1)
    assert.equal(now['conjoin_join_duration_seconds_count'], 2)
    assert.ok(total(now, 'conjoin_challenges_total', /code="ok"/) >= 2)
  })

  it('of the primary has its clusters by state', () => {
    const secondaries = (text: string) => total(samplesOf(text), 'conjoin_clusters', /type="secondary"/)
    assert.equal(secondaries(refused.primary), 0)
    assert.equal(secondaries(joined.primary), 1)
    const now = samplesOf(joined.primary)
    assert.equal(now['conjoin_clusters{type="primary",reason="Primary"}'], 1)
    assert.equal(now['conjoin_clusters{type="secondary",reason="Joined"}'], 1)
    assert.equal(now['conjoin_identity_lost'], 0)
    assert.equal(now['conjoin_tombstones'], 0)
  })

  it('of the secondary counts the same two tries, and tells when its primary was last heard', () => {
    const before = samplesOf(refused.secondary)
    assert.equal(before['conjoin_join_attempts_total{code="TokenInvalid"}'], 1)
    assert.equal(before['conjoin_member'], 0)
    assert.equal(before['conjoin_last_contact_timestamp_seconds'], undefined)
    const now = samplesOf(joined.secondary)
    assert.equal(now['conjoin_join_attempts_total{code="ok"}'], 1)
    assert.equal(now['conjoin_member'], 1)
    const lastContact = now['conjoin_last_contact_timestamp_seconds'] ?? 0
    assert.ok(Math.abs(Date.now() / 1000 - lastContact) < 180, `last contact at ${lastContact}`)
  })

  it('of both tells that they are ready, lead, reconcile, and what they ask the API server', () => {
    for (const text of [joined.primary, joined.secondary]) {
      const now = samplesOf(text)
      assert.equal(now['conjoin_ready'], 1)
      assert.equal(now['conjoin_leader'], 1)
      assert.ok(total(now, 'conjoin_reconciles_total', /outcome="(done|again)"/) > 0)
      assert.equal(now['conjoin_kube_requests_total{verb="get",resource="version",code="200"}'], 1)
      assert.ok(total(now, 'conjoin_kube_requests_total', /verb="watch".*code="200"/) > 0)
      assert.ok(total(now, 'conjoin_informer_watches_total', /resource="secrets"/) > 0)
      assert.ok(total(now, 'conjoin_informer_lists_total', /resource="secrets"/) > 0)
    }
  })

  it('of the primary counts who is turned away, and what it is asked on a path that it does not have', async () => {
    const dispatcher = new Agent({ connections: 4, connect: { rejectUnauthorized: false } })
    const ask = async () => {
      const { statusCode, body } = await request(`${scene.endpoint}/nowhere`, { dispatcher })
      await body.dump()
      return statusCode
    }
    const answers = await Promise.all(Array.from({ length: sourceLoad.burst + 100 }, ask))
    await dispatcher.close()
    const now = await until('all of them are counted', async () => {
      const samples = samplesOf(await scrape(primary))
      return total(samples, 'conjoin_http_responses_total', /route="none"/) >= answers.length ? samples : undefined
    })
    assert.equal(now['conjoin_http_responses_total{route="none",code="404"}'], count(answers, 404))
    assert.equal(now['conjoin_http_responses_total{route="none",code="429"}'], count(answers, 429))
    assert.equal(now['conjoin_limited_total{limit="source"}'], count(answers, 429))
    assert.ok(count(answers, 429) > 0)
  })

  it('of the primary tells how many disconnected clusters are remembered', async () => {
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io', clusterName])
    await until('one is remembered, and no Cluster is left', async () => {
      const now = samplesOf(await scrape(primary))
      return now['conjoin_tombstones'] === 1 && total(now, 'conjoin_clusters', /type="secondary"/) === 0
    })
  })

  it('has a form that promtool finds no fault with', async () => {
    for (const text of everything()) {
      const { exitCode, stdout, stderr } = await promtool(['check', 'metrics'], text)
      assert.equal(exitCode, 0, `${stdout}${stderr}`)
    }
  })

  it('names no cluster, no namespace of a user, no address and no token', async () => {
    const uids = [pair.primary.kubeSystemUid, pair.secondary.kubeSystemUid]
    const { namespace, home } = scene.place
    const names = [
      clusterName,
      'primary-cluster-1',
      namespace,
      home,
      scene.namespace,
      '127.0.0.1',
      'fresh-token',
      ...uids,
    ]
    for (const text of everything()) for (const name of names) assert.ok(!text.includes(name), name)
  })
})
