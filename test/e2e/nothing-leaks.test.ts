/** A join, a refusal, bad input, a change of key and a disconnection at the most talkative log level: no secret shows anywhere. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { challengePath, heartbeatPath, joinPath, rekeyPath } from '../../src/protocol/wire.ts'
import { type Capture, startCapture } from '../support/capture.ts'
import { rotate, untilRotated } from '../support/key-change.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { assertAllWouldBeFound, readableOf, secretsOf, tokenSecrets } from '../support/scene-secrets.ts'
import { type KnownSecret, searchSecrets } from '../support/secret-search.ts'
import { until } from '../support/until.ts'

describe('secrets', () => {
  let pair: Pair
  let scene: Scene
  let capture: Capture
  /** As long as the cluster is joined; most of them are gone when it ends. */
  let secrets: readonly KnownSecret[]

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('leak', { scheme: 'http' })
    capture = await startCapture(() => scene.endpoint)
    await scene.startPrimary({ endpoint: capture.url })
    await scene.startSecondary({ 'allow-insecure-primary-ingress': 'true' })
    await scene.bootstrap()
    const { endpoint, token } = await scene.token('good', { 'max-uses': '3' })
    const damaged = `${token.slice(0, -8)}AAAAAAAA`
    await scene.mcJoin({ endpoint, token: damaged, clusterName: 'east' })
    await scene.untilStatus('Rejected')
    const revoked = (await scene.token('revoked')).token
    await scene.onPrimary(['delete', 'secret', 'revoked'])
    await scene.mcJoin({ endpoint, token: revoked, clusterName: 'east' })
    await scene.untilStatus('Rejected', /^TokenInvalid/)
    await scene.mcJoin({ endpoint, token, clusterName: 'east' })
    await scene.untilStatus('Joined')
    await scene.untilReady('east')
    const beforeRekey = await secretsOf(scene)
    await rotate(scene, 'now')
    await untilRotated(scene, 'now')
    secrets = [
      ...beforeRekey,
      ...(await secretsOf(scene)),
      ...tokenSecrets('the revoked token', revoked),
      ...tokenSecrets('the damaged token', damaged),
    ]
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    await scene.untilStatus('Rejected', /^Disconnected/)
    // What is searched holds it.
    const admission = await until('the Event of the admission is written', async () =>
      (await scene.eventsOnPrimary()).find(({ reason, note }) => reason === 'Joined' && note === 'admitted east'),
    )
    assert.deepEqual([admission.regarding.kind, admission.regarding.name], ['Secret', 'good'])
  })

  after(async () => {
    try {
      await pair.stop()
    } finally {
      await capture.close()
    }
  })

  it('would be found in every encoding, were they there', () => {
    assert.ok(secrets.length >= 12, `${secrets.length} secrets are known`)
    assertAllWouldBeFound(secrets)
  })

  it('show in no log, Event, annotation, status, message, audit record or object but the Secrets made for them', async () => {
    const haystacks = [
      ...(await readableOf(scene)),
      { where: "the primary's audit log", text: await readFile(pair.primary.auditLog.path, 'utf8') },
      { where: "the secondary's audit log", text: await readFile(pair.secondary.auditLog.path, 'utf8') },
    ]
    for (const { where, text } of haystacks) assert.ok(text.length > 100, `there is something to search in ${where}`)
    assert.deepEqual(searchSecrets(haystacks, secrets), [])
  })

  it('do not cross the wire, but for the communication token, which is worthless without its key', () => {
    const traffic = capture.traffic()
    for (const path of [challengePath, joinPath, heartbeatPath('east'), rekeyPath('east')])
      assert.ok(traffic.includes(`POST ${path} HTTP`), `${path} was asked for`)
    const neverSent = secrets.filter(({ name }) => name !== 'the communication token')
    assert.deepEqual(searchSecrets([{ where: 'the wire', text: traffic }], neverSent), [])
  })
})
