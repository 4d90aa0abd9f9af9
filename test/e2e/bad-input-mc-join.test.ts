/** What a secondary makes of a faulty mc-join: the message for its user, nothing half-done, and no way out blocked. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'
import type { Secret } from '../../src/kube/objects.ts'
import { type Plain, plain } from '../support/kubectl.ts'
import { type Pair, startPair } from '../support/pair.ts'
import type { Scene } from '../support/scene.ts'
import { partsIn } from '../support/secret-search.ts'
import { until } from '../support/until.ts'
import { member } from './api-verdicts.fixture.ts'

/** Nothing listens on the lowest port of a machine, and nothing will: the tokens name it, so that mc-join alone decides. */
const closed = '127.0.0.1:1'
const password = 'correct-horse-battery'

interface Case {
  readonly what: string
  readonly values: () => Plain
  readonly status: 'Joining' | 'Rejected'
  /** The whole message. */
  readonly msg: string | RegExp | (() => string)
}

describe('a faulty mc-join', () => {
  let pair: Pair
  let scene: Scene
  /** A token of the primary, and one of another. */
  let token: string
  let others: string
  let marks: { primary: number; secondary: number }

  before(async () => {
    pair = await startPair()
    scene = await pair.scene('bad-join')
    const other = await pair.scene('bad-other', { scheme: 'http' })
    await Promise.all([scene.startPrimary(), other.startPrimary(), scene.startSecondary()])
    await Promise.all([
      scene.bootstrap({ url: `https://${closed}` }),
      other.bootstrap({ name: 'primary-cluster-2', url: `http://${closed}` }),
    ])
    token = (await scene.token()).token
    others = (await other.token()).token
    await claimName('west')
    marks = { primary: await pair.primary.auditLog.mark(), secondary: await pair.secondary.auditLog.mark() }
  })

  after(async () => pair.stop())

  const whole = () => ({ endpoint: scene.endpoint, token, clusterName: 'east' })
  const copyAgain = 'copy the token again from the join-token Secret on the primary'
  const form = 'https://<host>[:port][/path]'
  const nameInvalid =
    'NameInvalid: the cluster name is not an RFC 1123 subdomain of at most 63 characters; set cluster-name in mc-join-config, or clusterName in mc-join, to lower-case letters, digits, "-" and "."'

  const tokens: readonly Case[] = [
    {
      what: 'the last characters of the token are missing',
      values: () => ({ ...whole(), token: token.slice(0, -3) }),
      status: 'Rejected',
      msg: `TokenMalformed: the token in mc-join is cut off; ${copyAgain}`,
    },
    {
      what: 'half of the token is missing',
      values: () => ({ ...whole(), token: token.slice(0, token.length / 2) }),
      status: 'Rejected',
      msg: `TokenMalformed: the token in mc-join is cut off; ${copyAgain}`,
    },
    {
      what: 'one character of the token is another',
      values: () => ({ ...whole(), token: withOtherSecret(token, { checksum: 'kept' }) }),
      status: 'Rejected',
      msg: `TokenChecksum: the join token was damaged in copying; ${copyAgain}`,
    },
    {
      what: 'one character of the token is another, and its checksum was made to fit',
      values: () => ({ ...whole(), token: withOtherSecret(token, { checksum: 'fitting' }) }),
      status: 'Rejected',
      msg: 'TokenInvalid: Invalid join token; create a new join token on the primary and put it into mc-join',
    },
    {
      what: 'the token is base64-encoded twice',
      values: () => ({ ...whole(), token: Buffer.from(token).toString('base64') }),
      status: 'Rejected',
      msg: `TokenMalformed: the token in mc-join is base64-encoded twice; ${copyAgain}`,
    },
    {
      what: 'the token is empty',
      values: () => ({ ...whole(), token: '' }),
      status: 'Rejected',
      msg: `TokenMalformed: mc-join has no token, or an empty one; ${copyAgain}`,
    },
    {
      what: 'there is no token',
      values: () => ({ endpoint: scene.endpoint }),
      status: 'Rejected',
      msg: `TokenMalformed: mc-join has no token, or an empty one; ${copyAgain}`,
    },
    {
      what: 'the token is as long as a Secret may be',
      values: () => ({ ...whole(), token: token.padEnd(1_048_000, 'A') }),
      status: 'Rejected',
      msg: `TokenMalformed: the token in mc-join has 1048000 characters; a join token is far shorter; ${copyAgain}`,
    },
    {
      what: 'the token is not of the primary at the endpoint',
      values: () => ({ ...whole(), token: others }),
      status: 'Joining',
      msg: () =>
        `PrimaryKeyMismatch: the primary at the endpoint does not have the key that this cluster trusts, says ${scene.endpoint}; check that the endpoint is that of the primary; if its key was given up, put a new join token into mc-join`,
    },
  ]

  const endpoints: readonly Case[] = [
    {
      what: 'the endpoint has no scheme',
      values: () => ({ ...whole(), endpoint: 'primary.example.com/k10' }),
      status: 'Rejected',
      msg: `EndpointInvalid: endpoint in mc-join has no scheme; write ${form}`,
    },
    {
      what: 'the endpoint holds a password',
      values: () => ({ ...whole(), endpoint: `https://admin:${password}@primary.example.com/k10` }),
      status: 'Rejected',
      msg: `EndpointInvalid: endpoint in mc-join carries user info, the part before "@"; remove it`,
    },
    {
      what: 'the endpoint is http://, which nobody has allowed',
      values: () => ({ ...whole(), endpoint: `http://${closed}`, token: others }),
      status: 'Joining',
      msg: `InsecureEndpoint: the endpoint http://${closed} uses http://, which is not allowed; use https://, or set allow-insecure-primary-ingress: "true" in the ConfigMap mc-join-config`,
    },
    {
      what: 'the host of the endpoint is unknown',
      values: () => ({ ...whole(), endpoint: 'https://primary.invalid/k10' }),
      status: 'Joining',
      // Without a network there is no name server to ask.
      msg: /^DnsFailure: the host name of https:\/\/primary\.invalid\/k10 cannot be resolved: (there is no such name|the name server does not answer); check the endpoint in mc-join and the DNS of this cluster$/,
    },
    {
      what: 'nothing listens at the endpoint',
      values: () => ({ ...whole(), endpoint: `https://${closed}/k10` }),
      status: 'Joining',
      msg: `ConnectRefused: the primary cannot be reached at https://${closed}/k10: nothing listens there; check the endpoint in mc-join, and that the primary is running`,
    },
  ]

  const names: readonly Case[] = [
    {
      what: 'the name has capitals and an underscore',
      values: () => ({ ...whole(), clusterName: 'East_1' }),
      status: 'Rejected',
      msg: nameInvalid,
    },
    {
      what: 'the name has 64 characters',
      values: () => ({ ...whole(), clusterName: 'e'.repeat(64) }),
      status: 'Rejected',
      msg: nameInvalid,
    },
    {
      what: 'the name is that of the primary',
      values: () => ({ ...whole(), clusterName: 'primary-cluster-1' }),
      status: 'Rejected',
      msg: () => nameTaken('primary-cluster-1'),
    },
    {
      what: 'the name is that of another member',
      values: () => ({ ...whole(), clusterName: 'west' }),
      status: 'Rejected',
      msg: () => nameTaken('west'),
    },
  ]

  for (const { what, values, status, msg } of [...tokens, ...endpoints, ...names])
    it(`says what is wrong and what to do where ${what}`, async () => {
      const said = await verdict(values())
      const expected = typeof msg === 'function' ? msg() : msg
      if (typeof expected === 'string') assert.equal(said['msg'], expected)
      else assert.match(said['msg'] ?? '', expected)
      assert.equal(said['status'], status)
    })

  it('leads to no write but that of its status, on either side', async () => {
    const bySecondary = await pair.secondary.auditLog.writesSince(marks.secondary, {
      user: account(scene.namespace, 'secondary'),
    })
    const written = new Set(bySecondary.map(({ resource, name }) => (resource === 'secrets' ? name : resource)))
    assert.deepEqual([...written].toSorted(), ['events', 'leases', 'mc-identity', 'mc-join-status'])
    const byPrimary = await pair.primary.auditLog.writesSince(marks.primary, {
      user: account(scene.place.home, 'primary'),
    })
    const made = byPrimary.filter(({ verb, resource }) => verb === 'create' && resource !== 'events')
    assert.deepEqual(made, [])
    assert.deepEqual((await scene.clusters()).map(({ metadata }) => metadata.name).toSorted(), [
      'primary-cluster-1',
      'west',
    ])
  })

  it('is forgotten as soon as a correct one takes its place', async () => {
    const said = await verdict(whole())
    assert.deepEqual([said['status'], said['msg']], ['Joined', ''])
    await scene.untilReady('east')
  })

  it('takes nothing from a member but this one join', async () => {
    const before = await scene.cluster('east')
    const info = await scene.clusterInfo()
    const said = await verdict({ ...whole(), token: token.slice(0, -3) })
    assert.equal(said['status'], 'Rejected')
    assert.equal(
      said['msg'],
      `TokenMalformed: the token in mc-join is cut off; ${copyAgain} (the membership of primary-cluster-1 as east goes on)`,
    )
    assert.deepEqual(await scene.clusterInfo(), info)
    const again = await verdict({ ...whole(), endpoint: `${scene.endpoint}/` })
    assert.deepEqual([again['status'], again['msg']], ['Joined', ''])
    assert.equal((await scene.cluster('east'))?.metadata.uid, before?.metadata.uid)
  })

  it('never gets any part of a secret into a message, a log, an Event or another object', async () => {
    const status = await scene.readOnSecondary<Secret>('secret', 'mc-join-status')
    const seen = [
      scene.printed(),
      JSON.stringify(await scene.eventsOnPrimary()),
      await scene.onSecondary(['get', 'events.events.k8s.io', '-o', 'json']),
      JSON.stringify([status, plain(status as Secret), await scene.clusterInfo(), await scene.clusters()]),
    ]
    assert.match(seen[2] ?? '', /TokenChecksum/, 'the Events are the ones of these joins')
    for (const secret of [secretOf(token), secretOf(others), password]) {
      const bytes = Buffer.from(secret, 'base64url')
      const planted = [
        secret,
        secret.slice(4, 18),
        ...(['base64', 'hex', 'base64url'] as const).flatMap((form) => [
          bytes.toString(form),
          ...['', '.', '..'].map((before) => Buffer.from(`${before}${secret}.`).toString(form)),
        ]),
      ]
      for (const text of planted) assert.notDeepEqual(partsIn(`"${text}"`, secret, bytes), [], `finds ${text}`)
      for (const text of seen) assert.deepEqual(partsIn(text, secret, bytes), [])
    }
  })

  /** Replaces mc-join and gives what mc-join-status says of exactly this content. */
  async function verdict(values: Plain): Promise<Plain> {
    const known = (await scene.status())?.['mc-join.hash']
    await scene.mcJoin(values)
    return until('the verdict on this mc-join', async () => {
      const status = await scene.status()
      const isAsking = status?.['msg']?.startsWith('InProgress: ') ?? true
      return status?.['mc-join.hash'] === known || isAsking ? undefined : status
    })
  }

  /** Another cluster, somewhere else, is a member under this name. */
  async function claimName(name: string): Promise<void> {
    const cluster = {
      apiVersion: 'dist.kio.kasten.io/v1alpha1',
      kind: 'Cluster',
      metadata: { name },
      spec: { primary: false, k10: {}, member },
    }
    await scene.onPrimary(['create', '-f', '-'], JSON.stringify(cluster))
  }

  /** The suggested name is this cluster's own, whoever else asks for the same one. */
  function nameTaken(name: string): string {
    const suffix = createHash('sha256').update(pair.secondary.kubeSystemUid).digest('hex').slice(0, 4)
    return `NameTaken: the name ${name} belongs to another cluster; set another cluster-name in the ConfigMap mc-join-config, for example ${name}-${suffix}`
  }
})

function account(namespace: string, role: string): string {
  return `system:serviceaccount:${namespace}:conjoin-${role}`
}

function secretOf(token: string): string {
  return token.split('.')[2] ?? ''
}

/** The token with one character of its secret changed, and a checksum as it was or as it would be. */
function withOtherSecret(token: string, { checksum }: { checksum: 'kept' | 'fitting' }): string {
  const [version, header, secret = '', sum] = token.split('.')
  const changed = (secret.startsWith('A') ? 'B' : 'A') + secret.slice(1)
  const body = [version, header, changed].join('.')
  const fitting = createHash('sha256').update(body).digest('base64url').slice(0, 6)
  return `${body}.${checksum === 'kept' ? sum : fitting}`
}
