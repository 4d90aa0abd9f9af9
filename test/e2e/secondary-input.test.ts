/** What a secondary says to each thing that a user may give it: in mc-join-status, where the user looks. */
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import type { KubeEvent } from '../../src/kube/objects.ts'
import { generateSigningKey } from '../../src/protocol/keys.ts'
import { issueToken } from '../../src/protocol/token.ts'
import type { RoleProcess } from '../../tools/role-process.ts'
import { list } from '../support/api-objects.ts'
import type { Plain } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import { handledWithoutMcJoin } from '../support/role-reports.ts'
import type { Scene } from '../support/scene.ts'
import { until } from '../support/until.ts'

/** What a good mc-join would hold, and who is asked to use it. */
interface Good {
  readonly endpoint: string
  readonly token: string
  readonly ownUid: string
}

type Case = readonly [title: string, values: (good: Good) => Plain, status: 'Rejected' | 'Joining', message: RegExp]

/** A token that this primary has not made. */
const foreignToken = (uid: string, endpoint: string) =>
  issueToken({ uid, key: generateSigningKey(), endpoints: [endpoint] }).text.reveal()
const encoded = (value: string) => Buffer.from(value).toString('base64')

/** What `bad-input-mc-join.test.ts` has not got. */
const cases: readonly Case[] = [
  [
    'a token of this very cluster',
    ({ endpoint, ownUid }) => ({ endpoint, token: foreignToken(ownUid, endpoint) }),
    'Rejected',
    /^SelfJoin: a cluster cannot join itself; create mc-join on another cluster$/,
  ],
  [
    'an endpoint that is encoded twice',
    ({ endpoint, token }) => ({ endpoint: encoded(endpoint), token }),
    'Rejected',
    /^EndpointInvalid: endpoint in mc-join is base64-encoded twice; /,
  ],
]

describe('a secondary that is given', () => {
  let pair: Pair
  let scene: Scene
  let secondary: RoleProcess
  let good: Good

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('input')
    await scene.startPrimary()
    await scene.bootstrap()
    good = { ...(await scene.token()), ownUid: pair.secondary.kubeSystemUid }
    secondary = await scene.startSecondary()
  })
  after(async () => pair.stop())

  for (const [title, values, status, message] of cases)
    it(`${title} is ${status} and says why`, async () => {
      await scene.mcJoin(values(good))
      await scene.untilStatus(status, message)
    })

  it('a fault that may pass tells how often it has tried and when it tries again', async () => {
    await scene.mcJoin({ endpoint: 'https://127.0.0.1:1', token: foreignToken('another', 'https://127.0.0.1:1') })
    await scene.untilStatus('Joining', /^ConnectRefused/)
    const status = await scene.readOnSecondary('secret', 'mc-join-status')
    const said = (name: string) => status?.metadata.annotations?.[`dist.kio.kasten.io/${name}`] ?? ''
    assert.equal(said('attempts'), '1')
    assert.ok(Date.parse(said('next-retry')) > Date.parse(said('last-attempt')), JSON.stringify(status?.metadata))
  })

  it('another mc-join while the first waits for an answer drops the first at once', async () => {
    const asked = Promise.withResolvers<void>()
    const mute = createServer(() => asked.resolve())
    await new Promise<void>((resolve) => {
      mute.listen(0, '127.0.0.1', resolve)
    })
    const endpoint = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`
    await scene.mcJoinConfig({ 'allow-insecure-primary-ingress': 'true' })
    await scene.mcJoin({ endpoint, token: foreignToken('another', endpoint) })
    await asked.promise
    await scene.mcJoin({ endpoint: 'primary.example', token: good.token })
    await scene.untilStatus('Rejected', /^EndpointInvalid/)
    const timeouts = secondary.lines().filter((line) => JSON.stringify(line).includes('ConnectTimeout'))
    assert.deepEqual(timeouts, [], 'nobody has waited for the server that never answers')
    mute.closeAllConnections()
    mute.close()
  })

  it('a deleted mc-join keeps a refusal and forgets a join under way', async () => {
    await scene.onSecondary(['delete', 'secret', 'mc-join'])
    await scene.mcJoin({ endpoint: 'https://127.0.0.1:1', token: foreignToken('another', 'https://127.0.0.1:1') })
    await scene.untilStatus('Joining', /^ConnectRefused/)
    await scene.onSecondary(['delete', 'secret', 'mc-join'])
    await until('the status of a join that nobody asks for is gone', async () => (await scene.status()) === undefined)
    await scene.mcJoin({ endpoint: 'primary.example', token: good.token })
    await scene.untilStatus('Rejected', /^EndpointInvalid/)
    await handledWithoutMcJoin(secondary, async () => scene.onSecondary(['delete', 'secret', 'mc-join']))
    assert.equal((await scene.status())?.['status'], 'Rejected')
  })

  it('a repaired mc-join joins, and the annotation retry starts a refused one again', async () => {
    const { endpoint, token } = await scene.token('one-name', { 'cluster-name': 'north' })
    await scene.mcJoin({ endpoint, token, clusterName: 'east' })
    await scene.untilStatus('Rejected', /^TokenScope: /)
    await scene.onSecondary(['annotate', 'secret', 'mc-join', 'dist.kio.kasten.io/retry=1'])
    await until('it has been asked again', async () => {
      const asked = secondary.lines().filter((line) => line.msg === 'joining' && String(line['code']) === 'InProgress')
      return asked.length >= 2 && (await scene.status())?.['status'] === 'Rejected'
    })
    await scene.mcJoin({ endpoint, token, clusterName: 'north' })
    await scene.untilStatus('Joined')
  })

  it('a refusal is told in an Event on mc-join too', async () => {
    const refusal = await until('an Event tells of the refusal', async () => {
      const events = await list<KubeEvent>(pair.secondary, scene.namespace, 'event')
      return events.find(({ note }) => note?.startsWith('SelfJoin: '))
    })
    assert.deepEqual([refusal.reason, refusal.regarding.name], ['Rejected', 'mc-join'])
  })
})
