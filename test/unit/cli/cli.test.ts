/** How a command ends: its exit code, and the last line of what it says when it has failed. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { secretKind } from '../../../src/kube/objects.ts'
import { failure } from '../primary/memory-api.fixture.ts'
import { createTerminal } from './terminal.fixture.ts'

const lastLine = (text: string): string | undefined => text.trimEnd().split('\n').at(-1)?.trim()

describe('a command that is called wrongly', () => {
  const cases: readonly (readonly [args: readonly string[], said: RegExp, next: string])[] = [
    [['tokens'], /^error: unknown command 'tokens'/, 'kubectl conjoin --help'],
    [['token', 'make'], /^error: unknown command 'make'/, 'kubectl conjoin token --help'],
    [['token', 'show'], /^error: missing required argument 'name'/, 'kubectl conjoin token show --help'],
    [['token', 'list', '--colour'], /^error: unknown option '--colour'/, 'kubectl conjoin token list --help'],
    [['token', 'list', '-o', 'xml'], /argument 'xml' is invalid/, 'kubectl conjoin token list --help'],
    [['init', '--name', 'a'], /required option '--ingress <url>' not specified/, 'kubectl conjoin init --help'],
    [
      ['init', '--name', 'A', '--ingress', 'https://a.example.com'],
      /--name is not an RFC 1123/,
      'kubectl conjoin init --help',
    ],
    [
      ['init', '--name', 'a', '--ingress', 'https://u:p@a.example.com'],
      /--ingress carries user info/,
      'kubectl conjoin init --help',
    ],
    [
      ['token', 'create', '--expires-in', 'soon'],
      /--expires-in is not a duration/,
      'kubectl conjoin token create --help',
    ],
    [
      ['token', 'create', '--max-uses', '501'],
      /--max-uses is not a whole number/,
      'kubectl conjoin token create --help',
    ],
    [
      ['token', 'create', '--unlimited', '--max-uses', '2'],
      /--unlimited leaves no room/,
      'kubectl conjoin token create --help',
    ],
    [['token', 'create', '--timeout', '1 h'], /It is a duration like/, 'kubectl conjoin token create --help'],
    [['token', 'show', 'a', '--reveal', '--manifest'], /exclude each other/, 'kubectl conjoin token show --help'],
    [['join'], /name the same cluster/, 'kubectl conjoin join --help'],
    [['purge'], /look at --dry-run first/, 'kubectl conjoin purge --help'],
  ]
  for (const [args, said, next] of cases)
    it(`says so, sends nothing, and ends with the command for its help: ${args.join(' ')}`, async () => {
      const terminal = createTerminal()
      const result = await terminal.run(...args)
      assert.equal(result.exitCode, 2)
      assert.equal(result.printed, '')
      assert.match(result.said, said)
      assert.equal(lastLine(result.said), next)
      assert.deepEqual(terminal.api.requests, [])
    })
})

describe('a command whose cluster fails', () => {
  const fail = async (status: number, reason: string) => {
    const terminal = createTerminal()
    terminal.api.before = () => {
      throw failure(status, reason)
    }
    return terminal.run('token', 'list', '--context', 'east')
  }

  it('says what is wrong, where, and which command helps to find out', async () => {
    const cases = [
      [0, 'ECONNREFUSED', /no answer from the API server of east/, 'kubectl cluster-info --context east'],
      [401, 'Unauthorized', /east does not accept these credentials/, 'kubectl auth whoami --context east'],
      [403, 'Forbidden', /you may not get things on east/, 'kubectl auth can-i --list --context east'],
      [404, 'NoSuchResource', /things is not served on east/, 'kubectl get crd --context east'],
      [500, 'InternalError', /get things on east: made by the test/, 'kubectl get things --context east'],
    ] as const
    for (const [status, reason, said, next] of cases) {
      const result = await fail(status, reason)
      assert.equal(result.exitCode, 1)
      assert.match(result.said, said)
      assert.equal(lastLine(result.said), next)
    }
  })

  it('says which contexts there are, where there is none of the name', async () => {
    const result = await createTerminal().run('token', 'list', '--context', 'nowhere')
    assert.equal(result.exitCode, 1)
    assert.equal(
      result.said,
      'error: the kubeconfig has no context nowhere\nrun next:\n  kubectl config get-contexts\n',
    )
  })
})

describe('a command', () => {
  it('says that it was interrupted, and ends with 1', async () => {
    const terminal = createTerminal()
    const running = terminal.run('token', 'create', 'slow')
    terminal.interrupt()
    assert.deepEqual(await running, { exitCode: 1, printed: 'secret/slow created\n', said: 'interrupted\n' })
  })

  it('does not hide a fault of its own behind a friendly line', async () => {
    const terminal = createTerminal()
    terminal.api.before = () => {
      throw new TypeError('a fault')
    }
    await assert.rejects(terminal.run('token', 'list'), TypeError)
  })

  it('colours its failures only where the terminal may be coloured', async () => {
    const said = async (hasColor: boolean) => (await createTerminal({ hasColor }).run('tokens')).said
    assert.ok((await said(true)).startsWith('\u001B[31merror:\u001B[39m unknown'))
    assert.ok((await said(false)).startsWith('error: unknown'))
  })

  it('does not let what a cluster says move the cursor', async () => {
    const terminal = createTerminal()
    const annotations = { 'dist.kio.kasten.io/token-error': 'bad\u001B[2Jluck\nerror: none' }
    terminal.api.put(secretKind, {
      metadata: { name: 'a', namespace: 'kasten-io-mc', annotations },
      type: 'dist.kio.kasten.io/join-token',
    })
    assert.match((await terminal.run('token', 'show', 'a')).printed, /^Error: +badluck error: none$/m)
  })
})

describe('the help', () => {
  it('of every command fits 100 columns, is data, and is no failure', async () => {
    const { printed } = await createTerminal().run('--help')
    const names = [...printed.matchAll(/^ {2}([a-z]+) .*\S$/gm)].map((match) => match[1] ?? '')
    assert.ok(names.includes('token') && names.includes('join'))
    const commands = names.filter((name) => name !== 'help').map((name) => [name])
    const tokens = ['create', 'list', 'show', 'revoke'].map((name) => ['token', name])
    for (const command of [[], ...commands, ...tokens]) {
      const help = await createTerminal().run(...command, '--help')
      assert.equal(help.exitCode, 0)
      assert.equal(help.said, '')
      for (const line of help.printed.split('\n')) assert.ok(line.length <= 100, `${command.join(' ')}: ${line}`)
    }
  })
})
