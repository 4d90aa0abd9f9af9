/** What `init` says where there is a primary already. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bootstrapKind } from '../../../../src/api/bootstrap.ts'
import { customResourceDefinitions } from '../../../../src/api/definitions.ts'
import { customResourceDefinitionKind } from '../../../../src/kube/objects.ts'
import { bootstrap, primaryEntry } from '../../primary/objects.fixture.ts'
import { createTerminal } from '../terminal.fixture.ts'

describe('init on a cluster that is a primary', () => {
  const init = async (name: string, ingress: string) => {
    const terminal = createTerminal()
    for (const definition of customResourceDefinitions) terminal.api.put(customResourceDefinitionKind, definition)
    terminal.api.put(bootstrapKind, bootstrap('mine', { a: primaryEntry }))
    return terminal.run('init', '--name', name, '--ingress', ingress, '--dry-run')
  }

  it('at another address ends with the command that moves it', async () => {
    const { exitCode, said } = await init('primary-cluster-1', 'https://new.example.com')
    assert.equal(exitCode, 1)
    assert.match(
      said,
      /the Bootstrap mine has another address: primary-cluster-1 at https:\/\/primary\.example\.com\/k10/,
    )
    const patch = '{"spec":{"clusters":{"a":{"k10":{"ingress":{"url":"https://new.example.com"}}}}}}'
    const command = `kubectl patch bootstraps.dist.kio.kasten.io mine -n kasten-io-mc --type merge -p '${patch}'`
    assert.ok(said.endsWith(`run next:\n  ${command}\n`), said)
  })

  it('of another name ends with a look at it', async () => {
    const { exitCode, said } = await init('other', 'https://new.example.com')
    assert.equal(exitCode, 1)
    assert.match(said, /the Bootstrap mine names another primary/)
    assert.match(said, /run next:\n {2}kubectl get bootstraps\.dist\.kio\.kasten\.io mine /)
  })

  it('of the same name and address changes nothing there', async () => {
    const { exitCode, printed } = await init('primary-cluster-1', 'https://primary.example.com/k10/')
    assert.equal(exitCode, 0)
    assert.match(printed, /bootstrap\.dist\.kio\.kasten\.io\/mine unchanged/)
  })
})
