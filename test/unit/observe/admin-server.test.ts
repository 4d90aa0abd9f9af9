/** The admin port: whether the process lives, whether it is ready, and why not. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type AdminServer, startAdminServer } from '../../../src/observe/admin-server.ts'

describe('the admin port', () => {
  let server: AdminServer
  let reasons: readonly string[] = []

  before(async () => {
    server = await startAdminServer({ host: '127.0.0.1', port: 0 }, () => reasons)
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

  it('answers nothing else', async () => {
    for (const path of ['/', '/join', '/mc/v1/join', '/readyz/x', '/debug'])
      assert.equal((await ask(path))[0], 404, path)
  })

  it('fails where its port is taken', async () => {
    await assert.rejects(
      startAdminServer({ host: '127.0.0.1', port: server.port }, () => []),
      { code: 'EADDRINUSE' },
    )
  })
})
