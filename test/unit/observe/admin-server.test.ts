/** The admin port: whether the process lives, whether it is ready and why not, and what a scrape gets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { systemClock } from '../../../src/lib/clock.ts'
import { type AdminServer, startAdminServer } from '../../../src/observe/admin-server.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'

const metrics = () => createMetrics({ role: 'primary', version: '1.2.3', clock: systemClock })

describe('the admin port', () => {
  let server: AdminServer
  let reasons: readonly string[] = []

  before(async () => {
    server = await startAdminServer({ host: '127.0.0.1', port: 0 }, () => reasons, metrics())
  })
  after(async () => server.close())

  async function ask(path: string): Promise<readonly [status: number, text: string]> {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`)
    return [answer.status, await answer.text()]
  }

  it('says which port it has got', () => {
    assert.ok(server.port > 0)
  })

  it('is ready while there is no reason not to be', async () => {
    reasons = []
    assert.deepEqual(await ask('/readyz'), [200, 'ok\n'])
  })

  it('is not ready with a line for each reason, and lives all the same', async () => {
    reasons = ['the signing key is not loaded', 'the cache of clusters is not filled']
    assert.deepEqual(await ask('/readyz'), [503, `${reasons.join('\n')}\n`])
    assert.deepEqual(await ask('/livez'), [200, 'ok\n'])
  })

  it('gives a scrape the metrics, in the form that Prometheus asks for', async () => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`)
    assert.equal(answer.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.match(await answer.text(), /^conjoin_build_info\{version="1.2.3",role="primary"\} 1$/m)
  })

  it('tells a scrape what /readyz tells', async () => {
    reasons = []
    assert.match((await ask('/metrics'))[1], /^conjoin_ready\{role="primary"\} 1$/m)
    reasons = ['the signing key is lost']
    assert.match((await ask('/metrics'))[1], /^conjoin_ready\{role="primary"\} 0$/m)
  })

  it('answers nothing else', async () => {
    for (const path of ['/', '/join', '/mc/v1/join', '/readyz/x', '/debug', '/metrics/x'])
      assert.equal((await ask(path))[0], 404, path)
  })

  it('fails where its port is taken', async () => {
    await assert.rejects(
      startAdminServer({ host: '127.0.0.1', port: server.port }, () => [], metrics()),
      { code: 'EADDRINUSE' },
    )
  })

  it('ends at once, whoever is connected and asks for nothing', { timeout: 10_000 }, async () => {
    const other = await startAdminServer({ host: '127.0.0.1', port: 0 }, () => [], metrics())
    const silent = connect(other.port, '127.0.0.1')
    await once(silent, 'connect')
    // The server takes connections in turn: it has taken the silent one when it has answered this.
    assert.equal((await fetch(`http://127.0.0.1:${other.port}/livez`)).status, 200)
    await Promise.all([other.close(), once(silent.resume(), 'close')])
  })
})
