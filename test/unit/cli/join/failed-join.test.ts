/** What a join that comes to nothing leaves behind, and what it says. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { encodeJoinTokenData } from '../../../../src/api/join-token-secret.ts'
import { joinHash } from '../../../../src/api/mc-join.ts'
import { encodeJoinStatus } from '../../../../src/api/mc-join-status.ts'
import { configMapKind, namespaceKind, type Secret, secretKind } from '../../../../src/kube/objects.ts'
import { Redacted } from '../../../../src/lib/redacted.ts'
import { createMemoryApi, type MemoryApi } from '../../primary/memory-api.fixture.ts'
import { createTerminal, type Terminal } from '../terminal.fixture.ts'

const prefix = 'dist.kio.kasten.io/'
const mcJoin = { name: 'mc-join', namespace: 'kasten-io' }

describe('a join that fails', () => {
  let primary: MemoryApi
  let terminal: Terminal

  beforeEach(() => {
    primary = createMemoryApi()
    terminal = createTerminal({ others: { primary } })
    for (const [api, uid] of [
      [primary, '11111111-1c27-49bf-8a2b-ff4c1a2f9c01'],
      [terminal.api, '22222222-1c27-49bf-8a2b-ff4c1a2f9c01'],
    ] as const)
      api.put(namespaceKind, { metadata: { name: 'kube-system', uid } })
  })

  const join = async (...more: readonly string[]) =>
    terminal.run('join', '--primary-context', 'primary', '--timeout', '0s', ...more)
  const tokens = () => primary.all(secretKind)
  const given = () => terminal.api.stored(secretKind, mcJoin.name, mcJoin.namespace)

  /** The primary fills a token as soon as it is looked at. */
  function fillTokens(more: Readonly<Record<string, string>> = {}): void {
    primary.before = (request) => {
      const [token] = tokens()
      if (!request.startsWith('get secrets join-token') || token?.metadata.annotations?.[`${prefix}token-id`]) return
      if (token !== undefined) primary.put(secretKind, filled(token, more))
    }
  }

  function filled(token: Secret, more: Readonly<Record<string, string>>): Secret {
    const annotations = { ...token.metadata.annotations, [`${prefix}token-id`]: 'abcdefghijklmnop', ...more }
    const data = encodeJoinTokenData({ endpoint: 'https://p.example.com', token: new Redacted('mcj1.x') })
    return { ...token, metadata: { ...token.metadata, annotations }, data }
  }

  it('for want of a primary that fills tokens gives the secondary nothing, and revokes what it has made', async () => {
    const { exitCode, said } = await join()
    assert.equal(exitCode, 1)
    assert.match(said, /^secret\/join-token-secret-\w+ created\nsecret\/\S+ deleted\nerror: the primary has not filled/)
    assert.match(said, /\n {2}kubectl conjoin status -n kasten-io-mc --context primary\n$/)
    assert.doesNotMatch(said, /The Secret stays/)
    assert.deepEqual(tokens(), [])
    assert.equal(given(), undefined)
  })

  it('for want of an operator on the secondary says so, and revokes what it has made', async () => {
    fillTokens()
    const { exitCode, said } = await join()
    assert.equal(exitCode, 1)
    assert.match(said, /not joined after 0 s: the operator of the secondary has said nothing/)
    assert.match(said, /\n {2}kubectl conjoin status -n kasten-io\n$/)
    assert.deepEqual(tokens(), [])
    assert.notEqual(given(), undefined)
  })

  /** The operator of the secondary answers whatever it is given. */
  function refuse(msg: string): void {
    terminal.api.before = (request) => {
      const join = given()
      if (!request.startsWith('get secrets mc-join-status') || join === undefined) return
      const config = terminal.api.stored(configMapKind, 'mc-join-config', 'kasten-io')
      const hash = joinHash(join.data, config?.data, undefined)
      terminal.api.put(secretKind, {
        metadata: { name: 'mc-join-status', namespace: 'kasten-io' },
        data: encodeJoinStatus({ status: 'Rejected', msg, timestamp: '2030-01-01T00:00:00Z', hash }, 'first'),
      })
    }
  }

  it('for a name that is taken ends with the same join under a name that is free: the token of this one is gone', async () => {
    fillTokens()
    refuse('NameTaken: the name east belongs to another cluster')
    const { exitCode, said } = await join('--name', 'east', '--ingress', 'https://e.example.com', '--timeout', '30s')
    assert.equal(exitCode, 1)
    assert.match(said, /error: the join was rejected: NameTaken: /)
    assert.match(
      said,
      /\n {2}kubectl conjoin join --primary-context primary --name east-[0-9a-f]{4} --ingress https:\/\/e\.example\.com\n$/,
    )
    assert.deepEqual(tokens(), [])
  })

  it('when it is interrupted leaves no token that could be used either', async () => {
    fillTokens()
    const running = join('--timeout', '10m')
    terminal.interrupt()
    const { exitCode, said } = await running
    assert.equal(exitCode, 1)
    assert.match(said, /interrupted\n$/)
    assert.deepEqual(tokens(), [])
  })

  it('leaves the token that admitted the cluster all the same', async () => {
    fillTokens({ [`${prefix}uses`]: '1' })
    assert.equal((await join()).exitCode, 1)
    assert.equal(tokens().length, 1)
  })

  it('never revokes a token that the user has named', async () => {
    const name = 'mine'
    const token = { metadata: { name, namespace: 'kasten-io-mc' }, type: `${prefix}join-token` }
    primary.put(secretKind, filled(token, {}))
    assert.equal((await join('--token', name)).exitCode, 1)
    assert.equal(tokens().length, 1)
  })

  it('over an mc-join that cannot be changed names the command that makes room', async () => {
    fillTokens()
    terminal.api.put(secretKind, { metadata: mcJoin, immutable: true })
    const { exitCode, said } = await join()
    assert.equal(exitCode, 1)
    assert.match(said, /is immutable; delete it first\n.*\n {2}kubectl delete secret mc-join -n kasten-io\n$/)
    assert.deepEqual(tokens(), [])
  })

  it('of a cluster with itself is not begun', async () => {
    const alone = createTerminal()
    alone.api.put(namespaceKind, { metadata: { name: 'kube-system', uid: 'one' } })
    const result = await alone.run('join', '--primary-context', 'another-name-for-it')
    assert.match(result.said, /both contexts lead to the same cluster, and a cluster cannot join itself/)
    assert.deepEqual(alone.api.all(secretKind), [])
  })
})
