/** What a join token allows, as the secondary sees it: revoked, expired, scoped, used up. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { apiVersion } from '../../src/api/group.ts'
import type { Secret } from '../../src/kube/objects.ts'
import type { RunningPrimary } from '../../tools/installation.ts'
import { createJoiner } from '../support/joiner.ts'
import { type Plain, plain } from '../support/kubectl.ts'
import { tokenSecretOf } from '../support/manifests.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { handled } from '../support/role-reports.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

describe('a join token', () => {
  let pair: Pair
  let scene: Scene
  let primary: RunningPrimary

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('token')
    primary = await scene.startPrimary()
    await scene.startSecondary()
  })

  after(async () => pair.stop())

  /** Puts a token into mc-join and waits for the verdict on exactly that content. */
  async function tryToken(values: Plain): Promise<Plain> {
    const before = (await scene.status())?.['mc-join.hash']
    await scene.mcJoin(values)
    return until('the verdict on this mc-join', async () => {
      const status = await scene.status()
      return status?.['mc-join.hash'] !== before && status?.['status'] !== 'Joining' ? status : undefined
    })
  }

  /** The Secret, once its token cannot be read any more. */
  async function untilBlank(name: string): Promise<Secret> {
    return until(`the token of ${name} is blanked`, async () => {
      const secret = await scene.readOnPrimary<Secret>('secret', name)
      return secret?.data?.['token'] === '' ? secret : undefined
    })
  }

  /** A Cluster that nobody has joined under. */
  async function registerAhead(name: string): Promise<void> {
    const cluster = { apiVersion, kind: 'Cluster', metadata: { name }, spec: { primary: false, k10: {} } }
    await scene.onPrimary(['create', '-f', '-'], JSON.stringify(cluster))
  }

  it('waits unfilled until there is a primary', async () => {
    await scene.createTokenSecret('early')
    assert.equal((await scene.readOnPrimary<Secret>('secret', 'early'))?.data, undefined)
    await scene.bootstrap()
    const filled = await until('it is filled', async () => {
      const secret = await scene.readOnPrimary<Secret>('secret', 'early')
      return secret?.data?.['token'] === undefined ? undefined : secret
    })
    assert.match(filled.metadata.annotations?.['dist.kio.kasten.io/token-id'] ?? '', /^[A-Za-z0-9_-]{16}$/)
  })

  it('is refused once its Secret is deleted', async () => {
    const { endpoint, token } = await scene.token('revoked')
    await scene.onPrimary(['delete', 'secret', 'revoked'])
    const status = await tryToken({ endpoint, token, clusterName: 'east' })
    assert.equal(status['status'], 'Rejected')
    assert.match(status['msg'] ?? '', /^TokenInvalid: Invalid join token; /)
    assert.equal((await scene.clusters()).length, 1)
  })

  it('is refused for another name than its cluster-name', async () => {
    const { endpoint, token } = await scene.token('scoped', { 'cluster-name': 'only-this' })
    const status = await tryToken({ endpoint, token, clusterName: 'another' })
    assert.match(status['msg'] ?? '', /^TokenScope: the join token admits only the name only-this, not another; /)
  })

  it('is refused for another cluster than its bound-uid', async () => {
    const { endpoint, token } = await scene.token('bound', { 'bound-uid': '00000000-0000-4000-8000-000000000000' })
    const status = await tryToken({ endpoint, token, clusterName: 'east' })
    assert.match(status['msg'] ?? '', /^TokenScope: the join token is bound to the uid of another cluster; /)
  })

  it('is refused after its time', async () => {
    const { endpoint, token } = await scene.token('short', { 'expires-in': '1s' })
    const secret = await scene.readOnPrimary<Secret>('secret', 'short')
    const expiresAt = Date.parse(secret?.metadata.annotations?.['dist.kio.kasten.io/expires-at'] ?? '')
    await until('it has expired', async () => Date.now() > expiresAt)
    const status = await tryToken({ endpoint, token, clusterName: 'east' })
    assert.match(status['msg'] ?? '', /^TokenExpired: the join token expired at /)
  })

  it('counts a use per key: the same cluster may join again with a token of one use', async () => {
    const { endpoint, token } = await scene.token('once', { 'max-uses': '1' })
    assert.equal((await tryToken({ endpoint, token, clusterName: 'east' }))['status'], 'Joined')
    const used = await scene.readOnPrimary<Secret>('secret', 'once')
    assert.equal(used?.metadata.annotations?.['dist.kio.kasten.io/uses'], '1')
    // White space around a value changes the content and not the meaning.
    assert.equal((await tryToken({ endpoint: `${endpoint}\n`, token, clusterName: 'east' }))['status'], 'Joined')
    const again = await scene.readOnPrimary<Secret>('secret', 'once')
    assert.equal(again?.metadata.annotations?.['dist.kio.kasten.io/uses'], '1')
  })

  it('counts a cluster that joins under a name registered ahead', async () => {
    const { endpoint, token } = await scene.token('bind')
    await registerAhead('bound')
    assert.equal((await createJoiner().join({ endpoint, token, name: 'bound' })).kind, 'joined')
    await until('its use is counted', async () => {
      const secret = await scene.readOnPrimary<Secret>('secret', 'bind')
      return secret?.metadata.annotations?.['dist.kio.kasten.io/uses'] === '1'
    })
  })

  it('gives its labels to the Cluster, and takes over none that a user has set there', async () => {
    const { endpoint, token } = await scene.token('labelled', { 'cluster-labels': 'region=eu,tier=gold' })
    const joiner = createJoiner()
    assert.equal((await joiner.join({ endpoint, token, name: 'labelled' })).kind, 'joined')
    const type = { 'dist.kio.kasten.io/cluster-type': 'secondary' }
    assert.deepEqual((await scene.cluster('labelled'))?.metadata.labels, { region: 'eu', tier: 'gold', ...type })
    await scene.onPrimary(['label', '--overwrite', 'mcc', 'labelled', 'region=us', 'tier-', 'theirs=kept'])
    assert.equal((await joiner.join({ endpoint, token, name: 'labelled' })).kind, 'joined')
    const labels = (await scene.cluster('labelled'))?.metadata.labels
    assert.deepEqual(labels, { region: 'us', theirs: 'kept', tier: 'gold', ...type })
  })

  it('is blanked when redact says now, and admits clusters as before', async () => {
    const { endpoint, token } = await scene.token('blanked')
    await scene.onPrimary(['annotate', 'secret', 'blanked', 'dist.kio.kasten.io/redact=now'])
    assert.deepEqual(plain(await untilBlank('blanked')), { endpoint, token: '' })
    assert.equal((await createJoiner().join({ endpoint, token, name: 'copied' })).kind, 'joined')
  })

  it('is blanked after its first use, also by a name that was registered ahead, and admits others', async () => {
    const { endpoint, token } = await scene.token('first', { redact: 'after-first-use' })
    await handled(primary, 'join-token', await scene.readOnPrimary<Secret>('secret', 'first'))
    assert.notEqual((await scene.readOnPrimary<Secret>('secret', 'first'))?.data?.['token'], '')
    await registerAhead('ahead')
    assert.equal((await createJoiner().join({ endpoint, token, name: 'ahead' })).kind, 'joined')
    await untilBlank('first')
    assert.equal((await createJoiner().join({ endpoint, token, name: 'behind' })).kind, 'joined')
  })

  it('is refused when another cluster has taken its last use', async () => {
    const { endpoint, token } = await scene.token('taken', { 'max-uses': '1' })
    const someoneElse = `dist.kio.kasten.io/used-by=${'A'.repeat(43)}`
    await scene.onPrimary(['annotate', 'secret', 'taken', someoneElse])
    await scene.onPrimary(['delete', 'clusters.dist.kio.kasten.io/east', '--timeout=30s'])
    await scene.untilStatus('Rejected', /^Disconnected/)
    const status = await tryToken({ endpoint, token, clusterName: 'east' })
    assert.match(status['msg'] ?? '', /^TokenExhausted: the join token allows 1 use, and all are taken; /)
  })

  it('is another one once its Secret was replaced without our annotations, and the one before is revoked', async () => {
    const old = await scene.token('replaced')
    const before = await scene.readOnPrimary<Secret>('secret', 'replaced')
    await scene.onPrimary(['replace', '-f', '-'], JSON.stringify(tokenSecretOf('replaced', {})))
    const after = await until('it is filled anew', async () => {
      const secret = await scene.readOnPrimary<Secret>('secret', 'replaced')
      return secret?.data?.['token'] === undefined ? undefined : secret
    })
    assert.equal(after.metadata.uid, before?.metadata.uid)
    const issued = plain(after) as typeof old
    assert.notEqual(issued.token, old.token)
    const refused = await createJoiner().join({ ...old, name: 'too-late' })
    assert.equal(refused.kind === 'refused' && refused.refusal.code, 'TokenInvalid')
    assert.equal((await createJoiner().join({ ...issued, name: 'in-time' })).kind, 'joined')
  })

  it('follows a new ingress URL with its endpoint, and stays the same token', async () => {
    const { token } = await scene.token('moved')
    const patch = {
      spec: { clusters: { 'primary-cluster': { k10: { ingress: { url: 'https://moved.example.com' } } } } },
    }
    await scene.onPrimary([
      'patch',
      'bootstraps.dist.kio.kasten.io/bootstrap-primary',
      '--type=merge',
      '-p',
      JSON.stringify(patch),
    ])
    const moved = await until('data.endpoint follows', async () => {
      const secret = await scene.readOnPrimary<Secret>('secret', 'moved')
      const endpoint = Buffer.from(secret?.data?.['endpoint'] ?? '', 'base64').toString()
      return endpoint === 'https://moved.example.com' ? secret : undefined
    })
    assert.equal(Buffer.from(moved.data?.['token'] ?? '', 'base64').toString(), token)
  })
})
