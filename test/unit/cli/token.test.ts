/** `token`: what an administrator asks for, and what is shown of it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { encodeJoinTokenData, joinTokenType } from '../../../src/api/join-token-secret.ts'
import { type Secret, secretKind } from '../../../src/kube/objects.ts'
import { Redacted } from '../../../src/lib/redacted.ts'
import { createTerminal, now, type Terminal } from './terminal.fixture.ts'

const prefix = 'dist.kio.kasten.io/'
const namespace = 'kasten-io-mc'
const secretText = 'mcj1.the-secret-of-this-test'

type Annotations = Readonly<Record<string, string>>

const named = (annotations: Annotations) =>
  Object.fromEntries(Object.entries(annotations).map(([key, value]) => [prefix + key, value]))

/** A Secret as the primary has filled it. */
function put(terminal: Terminal, name: string, annotations: Annotations = {}): Secret {
  const token = new Redacted(secretText)
  return terminal.api.put(secretKind, {
    metadata: {
      name,
      namespace,
      creationTimestamp: '2029-12-31T22:00:00Z',
      annotations: named({ 'token-id': 'abcdefghijklmnop', ...annotations }),
    },
    type: joinTokenType,
    data: encodeJoinTokenData({ endpoint: 'https://primary.example.com', token }),
  })
}

const wishes = async (...args: readonly string[]): Promise<unknown> => {
  const terminal = createTerminal()
  const { printed, said, exitCode } = await terminal.run('token', 'create', 'a', '--dry-run', '-o', 'yaml', ...args)
  assert.equal(exitCode, 0, said)
  return (parse(printed) as Secret).metadata.annotations
}

describe('token create', () => {
  it('asks for one use and one day, unless it is told otherwise', async () => {
    assert.deepEqual(await wishes(), named({ 'expires-in': '24h', 'max-uses': '1' }))
    assert.deepEqual(await wishes('--max-uses', '5'), named({ 'expires-in': '24h', 'max-uses': '5' }))
    assert.deepEqual(await wishes('--expires-in', '7d'), named({ 'expires-in': '7d', 'max-uses': '1' }))
    assert.equal(await wishes('--unlimited'), undefined)
  })

  it('asks for all that a join token can be told', async () => {
    const uid = '6d75bd79-1c27-49bf-8a2b-ff4c1a2f9c01'
    const flags = ['--cluster-name', 'east', '--bound-uid', uid, '--labels', 'region=eu', '--approval', 'manual']
    assert.deepEqual(
      await wishes('--unlimited', ...flags),
      named({ 'cluster-name': 'east', 'bound-uid': uid, 'cluster-labels': 'region=eu', approval: 'manual' }),
    )
  })

  it('sends nothing in a dry run, and says so', async () => {
    const terminal = createTerminal()
    const { printed } = await terminal.run('token', 'create', 'a', '--dry-run')
    assert.equal(printed, 'secret/a created (dry run)\n')
    assert.deepEqual(terminal.api.requests, [])
  })

  it('makes up a name that no other call makes up', async () => {
    const names = await Promise.all(
      [1, 2].map(async () => (await createTerminal().run('token', 'create', '--dry-run', '-o', 'name')).printed),
    )
    for (const name of names) assert.match(name, /^secret\/join-token-secret-[0-9a-f]{8}\n$/)
    assert.notEqual(names[0], names[1])
  })

  it('fails where no primary fills the token, and where the primary refuses it', async () => {
    const idle = await createTerminal().run('token', 'create', 'a', '--timeout', '0s')
    assert.equal(idle.exitCode, 1)
    assert.match(
      idle.said,
      /has not filled the join token a in 0 s.* The Secret stays.*\n.*\n {2}kubectl conjoin status -n kasten-io-mc\n$/,
    )
    const terminal = createTerminal()
    terminal.api.before = (request) => {
      if (request !== 'get secrets a') return
      terminal.api.before = () => {}
      put(terminal, 'a', { 'token-error': 'max-uses is a lie' })
    }
    const refused = await terminal.run('token', 'create', 'a')
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.said,
      /not issued: max-uses is a lie\n.*\n {2}kubectl conjoin token revoke a -n kasten-io-mc\n$/,
    )
  })
})

describe('token list', () => {
  it('says of each token whether one could join with it', async () => {
    const terminal = createTerminal()
    put(terminal, 'any')
    put(terminal, 'late', { 'expires-at': '2029-12-31T23:00:00Z' })
    put(terminal, 'spent', { 'max-uses': '1', uses: '1', 'expires-at': '2030-01-01T12:00:00Z' })
    put(terminal, 'wrong', { 'token-error': 'bad' })
    put(terminal, 'scoped', { 'cluster-name': 'east', 'bound-uid': '6d75bd79-1c27-49bf-8a2b-ff4c1a2f9c01' })
    const { printed } = await terminal.run('token', 'list')
    assert.equal(
      printed,
      [
        'NAME     STATE     USES   EXPIRES   SCOPE                    AGE',
        'any      usable    0      never     <any>                    2h',
        'late     expired   0      1h ago    <any>                    2h',
        'spent    used up   1/1    in 12h    <any>                    2h',
        'wrong    error     0      never     <any>                    2h',
        'scoped   usable    0      never     name=east uid=6d75bd79   2h',
        '',
      ].join('\n'),
    )
  })

  it('says that there are none', async () => {
    assert.deepEqual(await createTerminal().run('token', 'list'), {
      exitCode: 0,
      printed: '',
      said: 'No join tokens found in kasten-io-mc namespace.\n',
    })
  })

  it('prints no token, in no format', async () => {
    const terminal = createTerminal()
    put(terminal, 'a')
    for (const format of ['json', 'yaml', 'name']) {
      const { printed } = await terminal.run('token', 'list', '-o', format)
      assert.match(printed, /a/)
      assert.ok(!printed.includes(Buffer.from(secretText).toString('base64')) && !printed.includes(secretText))
    }
  })
})

describe('token show', () => {
  it('describes a token without printing it', async () => {
    const terminal = createTerminal()
    put(terminal, 'a', { 'max-uses': '3', uses: '2', 'expires-at': '2030-01-02T00:00:00Z', 'cluster-name': 'east' })
    const { printed } = await terminal.run('token', 'show', 'a')
    assert.equal(
      printed,
      [
        'Name:       a',
        'Namespace:  kasten-io-mc',
        'State:      usable',
        'Uses:       2/3',
        'Expires:    2030-01-02T00:00:00Z (in 1d)',
        'Scope:      name=east',
        'Endpoint:   https://primary.example.com',
        'Token id:   abcdefghijklmnop',
        'Token:      there; --reveal prints it',
        'Age:        2h',
        '',
      ].join('\n'),
    )
  })

  it('prints the token where it is asked to, and says what that is', async () => {
    const terminal = createTerminal()
    put(terminal, 'a')
    const { printed, said } = await terminal.run('token', 'show', 'a', '--reveal')
    assert.equal(printed, `${secretText}\n`)
    assert.match(said, /this is a secret/)
  })

  it('prints the mc-join of a secondary, with the name that the token is for', async () => {
    const terminal = createTerminal()
    put(terminal, 'a', { 'cluster-name': 'east' })
    const { printed } = await terminal.run('token', 'show', 'a', '--manifest', '--secondary-namespace', 'k10')
    const { metadata, data = {} } = parse(printed) as Secret
    assert.deepEqual(metadata, { name: 'mc-join', namespace: 'k10' })
    const plain = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()])
    assert.deepEqual(Object.fromEntries(plain), {
      endpoint: 'https://primary.example.com',
      token: secretText,
      clusterName: 'east',
    })
  })

  it('warns where nobody can join with what it prints', async () => {
    const terminal = createTerminal()
    put(terminal, 'a', { 'expires-at': new Date(now - 1).toISOString() })
    assert.match((await terminal.run('token', 'show', 'a', '--manifest')).said, /^nobody can join with it: expired\n/)
  })

  it('and revoke touch nothing but a join token', async () => {
    const terminal = createTerminal()
    const other = { metadata: { name: 'tls', namespace }, type: 'kubernetes.io/tls', data: { 'tls.key': 'c2VjcmV0' } }
    terminal.api.put(secretKind, other)
    for (const args of [
      ['show', 'tls', '--reveal'],
      ['revoke', 'tls'],
      ['show', 'none'],
    ]) {
      const { exitCode, printed, said } = await terminal.run('token', ...args)
      assert.equal(exitCode, 1)
      assert.equal(printed, '')
      assert.match(said, /no join token.*\n.*\n {2}kubectl conjoin token list -n kasten-io-mc\n$/)
    }
    assert.notEqual(terminal.api.stored(secretKind, 'tls', namespace), undefined)
  })
})
