/** The getting-started guide, line by line: every object and every key that it shows appears. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Cluster } from '../../src/api/cluster.ts'
import type { Secret } from '../../src/kube/objects.ts'
import { type BorrowedControlPlane, borrowControlPlane } from '../../tools/controlplane/borrow.ts'
import { freePort } from '../../tools/controlplane/ports.ts'
import {
  installDefinitions,
  installPrimary,
  installSecondary,
  startPrimary,
  startSecondary,
} from '../../tools/installation.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { kubectl, plain } from '../support/kubectl.ts'
import { until } from '../support/until.ts'

const manifest = (name: string) => join(import.meta.dirname, 'seed', `${name}.yaml`)
const mc = ['-n', 'kasten-io-mc']
const io = ['-n', 'kasten-io']

describe('the getting-started guide', () => {
  let primary: BorrowedControlPlane
  let secondary: BorrowedControlPlane
  const roles: RoleProcess[] = []

  before(async () => {
    primary = await borrowControlPlane('primary')
    secondary = await borrowControlPlane('secondary')
    await installDefinitions(primary)
  })

  after(async () => {
    await Promise.all(roles.map((role) => role.stop()))
    await Promise.all([primary.stop(), secondary.stop()])
  })

  it('sets up a primary with a namespace and a Bootstrap', async () => {
    assert.equal(await kubectl(primary, ['create', 'namespace', 'kasten-io-mc']), 'namespace/kasten-io-mc created')
    // The guide's host does not exist here, so the flag says where this one is.
    const port = await freePort()
    const flags = { endpoint: `https://127.0.0.1:${port}` }
    roles.push(await startPrimary(await installPrimary(primary), { port, flags }))
    roles.push(await startSecondary(await installSecondary(secondary)))
    assert.equal(
      await kubectl(primary, ['create', '-f', manifest('bootstrap')]),
      'bootstrap.dist.kio.kasten.io/bootstrap-primary created',
    )
    await kubectl(primary, ['wait', '--for=condition=Ready', 'mcc/primary-cluster-1', ...mc, '--timeout=60s'])
    const cluster = await get<Cluster>(primary, ['clusters.dist.kio.kasten.io', 'primary-cluster-1', ...mc])
    assert.equal(cluster.metadata.labels?.['dist.kio.kasten.io/cluster-type'], 'primary')
    assert.deepEqual(cluster.spec, {
      k10: {
        ingress: { url: 'https://primary-cluster-1.dev.kasten.io/k10' },
        namespace: 'kasten-io',
        releaseName: 'k10',
      },
      primary: true,
    })
    assert.equal(cluster.status?.id, primary.kubeSystemUid)
  })

  it('fills a join-token Secret with an endpoint and a token', async () => {
    assert.match(
      await kubectl(primary, ['create', '-f', manifest('join-token')]),
      /^secret\/join-token-secret-\w+ created$/,
    )
    const secret = await filledToken()
    assert.deepEqual(Object.keys(secret.data ?? {}).toSorted(), ['endpoint', 'token'])
    assert.match(plain(secret)['endpoint'] ?? '', /^https:\/\/127\.0\.0\.1:\d+$/)
  })

  it('joins a secondary that is given both in mc-join, and records it in mc-join-status', async () => {
    const { data } = await filledToken()
    const mcJoin = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'mc-join', namespace: 'kasten-io' }, data }
    assert.equal(await kubectl(secondary, ['create', '-f', '-'], JSON.stringify(mcJoin)), 'secret/mc-join created')
    const status = await until('mc-join-status says Joined', async () => {
      const text = await kubectl(secondary, [
        'get',
        'secret',
        'mc-join-status',
        ...io,
        '-o',
        'json',
        '--ignore-not-found',
      ])
      const values = text === '' ? undefined : plain(JSON.parse(text) as Secret)
      return values?.['status'] === 'Joined' ? values : undefined
    })
    assert.deepEqual(Object.keys(status).toSorted(), ['mc-join.hash', 'msg', 'status', 'timestamp'])
    assert.equal(status['msg'], '')
    assert.match(status['mc-join.hash'] ?? '', /^[0-9a-f]{64}$/)
    assert.match(status['timestamp'] ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
  })

  it('writes mc-cluster-info with what the secondary needs', async () => {
    const info = plain(await get<Secret>(secondary, ['secret', 'mc-cluster-info', ...io]))
    assert.deepEqual(Object.keys(info).toSorted(), [
      'clusterName',
      'endpoint',
      'membership',
      'primary',
      'primaryName',
      'primaryPublicKey',
      'token',
    ])
    assert.equal(info['primary'], 'false')
    assert.equal(info['primaryName'], 'primary-cluster-1')
    assert.match(info['clusterName'] ?? '', /^cluster-[0-9a-f]{8}$/)
    assert.match(info['primaryPublicKey'] ?? '', /^-----BEGIN PUBLIC KEY-----/)
    assert.ok(!JSON.stringify(info).includes(plain(await filledToken())['token'] ?? ''), 'the join token stays out')
  })

  it('creates a corresponding Bootstrap and Cluster on the primary, and lists both clusters', async () => {
    const info = plain(await get<Secret>(secondary, ['secret', 'mc-cluster-info', ...io]))
    const name = info['clusterName'] ?? ''
    await kubectl(primary, [
      'wait',
      '--for=condition=Ready',
      `clusters.dist.kio.kasten.io/${name}`,
      ...mc,
      '--timeout=60s',
    ])
    const cluster = await get<Cluster>(primary, ['clusters.dist.kio.kasten.io', name, ...mc])
    assert.equal(cluster.metadata.labels?.['dist.kio.kasten.io/cluster-type'], 'secondary')
    assert.equal(cluster.spec.primary, false)
    assert.equal(cluster.status?.id, secondary.kubeSystemUid)
    assert.match(await kubectl(primary, ['get', 'bootstraps.dist.kio.kasten.io', name, ...mc]), new RegExp(name))
    const table = await kubectl(primary, ['get', 'clusters.dist.kio.kasten.io', ...mc])
    assert.match(table, /^NAME +TYPE +READY +REASON +VERSION +AGE$/m)
    assert.match(table, new RegExp(`^${name} +secondary +True +Joined +v1\\.36\\.3 +\\d+s$`, 'm'))
    assert.match(table, /^primary-cluster-1 +primary +True +Primary +v1\.36\.3 +\d+s$/m)
  })

  async function filledToken(): Promise<Secret> {
    return until('the join-token Secret is filled', async () => {
      const selector = '--field-selector=type=dist.kio.kasten.io/join-token'
      const { items } = await get<{ items: Secret[] }>(primary, ['secrets', ...mc, selector])
      return items.find((secret) => secret.data?.['token'] !== undefined)
    })
  }
})

async function get<T>(on: BorrowedControlPlane, args: readonly string[]): Promise<T> {
  return JSON.parse(await kubectl(on, ['get', ...args, '-o', 'json'])) as T
}
