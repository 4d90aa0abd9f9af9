import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { andThen, into, kubectl } from '../../../src/cli/command-line.ts'

/** The words as a shell takes them. */
function wordsOf(command: string): readonly string[] {
  const script = `kubectl() { printf '%s\\0' "$@"; }\n${command}`
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1)
}

describe('a printed command', () => {
  it('leads to the cluster that was meant, by the flags of kubectl', () => {
    const target = { kubeconfig: '/home/me/my config', context: 'east' }
    assert.equal(kubectl({}, 'get', 'pods'), 'kubectl get pods')
    assert.equal(kubectl(target, 'get', 'pods'), "kubectl get pods --kubeconfig '/home/me/my config' --context east")
  })

  for (const word of ["it's", '$(reboot)', '`reboot`', 'a;b', 'a b', '"', '\\', '*', '', '!!', 'a\nb', '~', '#'])
    it(`hands ${JSON.stringify(word)} on as one word, whatever a shell would make of it`, () => {
      assert.deepEqual(wordsOf(kubectl({}, 'annotate', word)), ['annotate', word])
    })

  it('may be several, in turn or one into the other', () => {
    assert.deepEqual(wordsOf(andThen(kubectl({}, 'a'), kubectl({}, 'b'))), ['a', 'b'])
    assert.deepEqual(wordsOf(into(kubectl({}, 'a'), 'cat')), ['a'])
  })
})
