import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createInformer, type InformerChange } from '../../../src/kube/informer.ts'
import { type ConfigMap, configMapKind } from '../../../src/kube/objects.ts'
import { createManualClock } from '../../support/manual-clock.ts'
import { createRecordingLog } from './recording-log.ts'
import { apiError, configMap, createScriptedClient } from './scripted-client.ts'

const key = { namespace: 'ns', name: 'a' }

/** An informer over a scripted server, stopped at the end of the test. */
function setUp(context: TestContext) {
  const clock = createManualClock()
  const server = createScriptedClient()
  const { log, lines } = createRecordingLog()
  const informer = createInformer<ConfigMap>({
    client: server.client,
    kind: configMapKind,
    namespace: 'ns',
    indexes: { label: ({ metadata }) => Object.keys(metadata.labels ?? {}) },
    clock,
    log,
  })
  const changes: string[] = []
  informer.onChange(({ type, object }) => changes.push(`${type} ${object.metadata.name} ${object.metadata.uid}`))
  const stop = new AbortController()
  const start = async () => {
    const running = informer.run(stop.signal)
    context.after(async () => {
      stop.abort()
      await running
    })
    await informer.synced(stop.signal)
  }
  return { clock, server, informer, lines, changes, start, stop }
}

describe('an informer', () => {
  it('lists once, then follows by watch, and tells both alike', async (context) => {
    const { server, informer, changes, start, clock } = setUp(context)
    server.lists = [{ items: [configMap('a', '3')], resourceVersion: '5' }]
    assert.equal(informer.hasSynced(), false)
    await start()
    assert.equal(informer.hasSynced(), true)
    const watch = await server.watch()
    watch.send('ADDED', configMap('b', '6'))
    watch.send('MODIFIED', configMap('a', '7'))
    watch.send('DELETED', configMap('b', '8'))
    await clock.advance(0)
    assert.deepEqual(server.requests, ['list', 'watch 5'])
    assert.deepEqual(changes, ['added a uid-a', 'added b uid-b', 'updated a uid-a', 'deleted b uid-b'])
    assert.equal(informer.get(key)?.metadata.resourceVersion, '7')
    assert.equal(informer.list().length, 1)
  })

  it('drops managedFields, from the list and from the watch', async (context) => {
    const { server, informer, start, clock } = setUp(context)
    const managed: object = { managedFields: [{ manager: 'someone' }] }
    server.lists = [{ items: [configMap('a', '1', managed)], resourceVersion: '1' }]
    await start()
    const watch = await server.watch()
    watch.send('ADDED', configMap('b', '2', managed))
    await clock.advance(0)
    assert.equal(JSON.stringify(informer.list()).includes('managedFields'), false)
    assert.equal(informer.list().length, 2)
  })

  it('asks for a watch of 5 to 10 minutes', async (context) => {
    const { server, start } = setUp(context)
    await start()
    const { timeoutSeconds } = (await server.watch()).options
    assert.ok(timeoutSeconds >= 300 && timeoutSeconds <= 600)
  })

  it('continues from the last version, a bookmark included, when the server ends the watch', async (context) => {
    const { server, start, clock, lines } = setUp(context)
    await start()
    const watch = await server.watch()
    watch.send('ADDED', configMap('a', '4'))
    watch.send('BOOKMARK', { metadata: { name: '', resourceVersion: '90' } })
    watch.end()
    await server.watch()
    assert.deepEqual(server.requests, ['list', 'watch 1', 'watch 90'])
    assert.equal(clock.monotonic(), 0, 'without a pause')
    assert.deepEqual(lines, [])
  })

  it('lists anew when the connection breaks, as the server may be back with an older state', async (context) => {
    const { server, informer, start, clock, lines } = setUp(context)
    await start()
    const watch = await server.watch()
    watch.send('ADDED', configMap('a', '4'))
    watch.end(apiError(0, 'UND_ERR_SOCKET'))
    server.lists = [{ items: [], resourceVersion: '3' }]
    await clock.advance(800)
    await server.watch()
    assert.deepEqual(server.requests, ['list', 'watch 1', 'list', 'watch 3'])
    assert.deepEqual(informer.list(), [])
    assert.deepEqual(
      lines.filter(({ level }) => level !== 'debug'),
      [],
    )
  })

  it('lists anew when the version has expired, and finds what was deleted meanwhile', async (context) => {
    const { server, informer, start, clock, changes } = setUp(context)
    server.lists = [
      { items: [configMap('a', '3'), configMap('b', '4')], resourceVersion: '5' },
      { items: [configMap('b', '4')], resourceVersion: '900' },
    ]
    await start()
    const watch = await server.watch()
    watch.end(apiError(410, 'Expired'))
    await clock.advance(800)
    await server.watch()
    assert.deepEqual(server.requests, ['list', 'watch 5', 'list', 'watch 900'])
    assert.deepEqual(changes.slice(2), ['deleted a uid-a'])
    assert.equal(informer.get(key), undefined)
  })

  it('lists anew after the server was away, as it may be back with an older state', async (context) => {
    const { server, informer, start, clock } = setUp(context)
    server.lists = [
      { items: [configMap('a', '100')], resourceVersion: '100' },
      { items: [configMap('a', '7')], resourceVersion: '8' },
    ]
    server.refusals = [apiError(0, 'ECONNREFUSED')]
    await start()
    await clock.advance(800)
    await server.watch()
    assert.deepEqual(server.requests, ['list', 'watch 100', 'list', 'watch 8'])
    assert.equal(informer.get(key)?.metadata.resourceVersion, '7')
  })

  it('keeps what it knows, and stays synced, while the server is away', async (context) => {
    const { server, informer, start, clock } = setUp(context)
    server.lists = [{ items: [configMap('a', '3')], resourceVersion: '5' }, apiError(0, 'ECONNREFUSED')]
    server.refusals = [apiError(503, 'ServiceUnavailable')]
    await start()
    await clock.advance(600_000)
    assert.equal(informer.hasSynced(), true)
    assert.equal(informer.list().length, 1)
  })

  it('waits longer and longer, from 0.8 s to 30 s, and warns once', async (context) => {
    const { server, informer, clock, lines, stop } = setUp(context)
    server.lists = [apiError(500, 'InternalError')]
    const running = informer.run(stop.signal)
    const waits: number[] = []
    for (let attempt = 0; attempt < 9; attempt++) {
      await clock.timers(1)
      const [asked, before] = [server.requests.length, clock.monotonic()]
      while (server.requests.length === asked) await clock.advance(10)
      waits.push(clock.monotonic() - before)
    }
    for (const [attempt, wait] of waits.entries()) {
      const ceiling = Math.min(30_000, 800 * 2 ** attempt)
      assert.ok(wait >= ceiling / 2 && wait <= ceiling + 10, `wait ${attempt} was ${wait} ms`)
    }
    assert.deepEqual(
      lines.filter(({ level }) => level === 'warn').map(({ message }) => message),
      ['cannot follow the API server'],
    )
    server.lists = [{ items: [], resourceVersion: '1' }]
    await clock.advance(30_000)
    await server.watch()
    assert.equal(lines.at(-1)?.message, 'following the API server again')
    stop.abort()
    await running
  })

  it('waits as long as the server asks', async (context) => {
    const { server, start, clock } = setUp(context)
    server.refusals = [apiError(429, 'TooManyRequests', 20_000)]
    await start()
    await clock.advance(19_999)
    assert.deepEqual(server.requests, ['list', 'watch 1'])
    await clock.advance(1)
    assert.deepEqual(server.requests, ['list', 'watch 1', 'list', 'watch 1'])
  })

  it('pauses before it opens a watch again that ended at once', async (context) => {
    const { server, start, clock } = setUp(context)
    await start()
    const watch = await server.watch()
    watch.end()
    await clock.advance(399)
    assert.deepEqual(server.requests, ['list', 'watch 1'])
    await clock.advance(401)
    assert.deepEqual(server.requests.slice(2), ['list', 'watch 1'])
  })

  it('gives a watch up that is silent beyond its time', async (context) => {
    const { server, start, clock } = setUp(context)
    await start()
    const { timeoutSeconds } = (await server.watch()).options
    await clock.advance(timeoutSeconds * 1000 + 29_999)
    assert.equal(server.requests.length, 2)
    await clock.advance(801)
    await server.watch()
    assert.deepEqual(server.requests, ['list', 'watch 1', 'list', 'watch 1'])
  })

  it('goes on when a listener throws, and tells the others', async (context) => {
    const { server, informer, start, clock, changes, lines } = setUp(context)
    const seen: InformerChange<ConfigMap>[] = []
    informer.onChange(() => {
      throw new Error('a bug in a listener')
    })
    informer.onChange((change) => seen.push(change))
    await start()
    const watch = await server.watch()
    watch.send('ADDED', configMap('a', '2'))
    watch.send('ADDED', configMap('b', '3'))
    await clock.advance(0)
    assert.equal(changes.length, 2)
    assert.equal(seen.length, 2)
    assert.equal(lines.filter(({ message }) => message === 'listener failed').length, 2)
  })

  it('tells a late listener what is there already', async (context) => {
    const { server, informer, start } = setUp(context)
    server.lists = [{ items: [configMap('a', '3')], resourceVersion: '5' }]
    await start()
    const seen: string[] = []
    informer.onChange(({ type, object }) => seen.push(`${type} ${object.metadata.name}`))
    assert.deepEqual(seen, ['added a'])
  })

  it('finds objects by an index', async (context) => {
    const { server, informer, start } = setUp(context)
    server.lists = [
      { items: [configMap('a', '1', { labels: { red: '' } }), configMap('b', '1')], resourceVersion: '1' },
    ]
    await start()
    assert.deepEqual(
      informer.by('label', 'red').map(({ metadata }) => metadata.name),
      ['a'],
    )
  })

  it('stops whoever waits for the first list when aborted', async (context) => {
    const { informer, stop } = setUp(context)
    const waiting = informer.synced(stop.signal)
    stop.abort(new Error('stopping'))
    await assert.rejects(waiting, /stopping/)
    await informer.run(stop.signal)
  })
})
