/** A join as a dry run. */
import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { configMapKind, namespaceKind, secretKind } from '../../../../src/kube/objects.ts'
import { createMemoryApi, type MemoryApi } from '../../primary/memory-api.fixture.ts'
import { createTerminal, type Terminal } from '../terminal.fixture.ts'

describe('a join that is only tried', () => {
  let primary: MemoryApi
  let terminal: Terminal

  beforeEach(() => {
    primary = createMemoryApi()
    terminal = createTerminal({ others: { primary } })
    primary.put(namespaceKind, { metadata: { name: 'kube-system', uid: '11111111-1c27-49bf-8a2b-ff4c1a2f9c01' } })
    terminal.api.put(namespaceKind, { metadata: { name: 'kube-system', uid: '22222222-1c27-49bf-8a2b-ff4c1a2f9c01' } })
  })

  const join = async (...more: readonly string[]) => terminal.run('join', '--primary-context', 'primary', ...more)

  it('says what it would write on either side, writes nothing, and waits for nobody', async () => {
    const { exitCode, printed } = await join('--dry-run', '--ingress', 'https://east.example.com')
    assert.equal(exitCode, 0)
    assert.match(
      printed,
      /^secret\/join-token-secret-\w+ created \(dry run\)\nconfigmap\/mc-join-config created \(dry run\)\nsecret\/mc-join created \(dry run\)\n$/,
    )
    assert.deepEqual([...primary.all(secretKind), ...terminal.api.all(secretKind)], [])
    assert.deepEqual(terminal.api.all(configMapKind), [])
  })

  it('says what it would replace', async () => {
    terminal.api.put(secretKind, { metadata: { name: 'mc-join', namespace: 'kasten-io' }, data: {} })
    assert.match((await join('--dry-run=client')).printed, /\nsecret\/mc-join replaced \(dry run\)\n$/)
  })

  it('names a token that nobody could join with', async () => {
    const { exitCode, said } = await join('--dry-run', '--token', 'gone')
    assert.equal(exitCode, 1)
    assert.match(said, /there is no join token gone in kasten-io-mc/)
  })

  it('prints no manifests, which need a token', async () => {
    assert.equal((await join('--dry-run', '-o', 'yaml')).exitCode, 2)
  })
})
