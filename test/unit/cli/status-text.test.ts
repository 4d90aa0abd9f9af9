import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { statusText } from '../../../src/cli/commands/status-text.ts'
import type { Finding, Report } from '../../../src/cli/diagnosis/report.ts'

const fault: Finding = {
  severity: 'wrong',
  role: 'secondary',
  code: 'ConnectRefused',
  what: 'the primary cannot be reached',
  remedy: 'check the endpoint',
  next: { command: 'kubectl get pods' },
}

function report(changes: Partial<Report> = {}): Report {
  return { healthy: true, sections: [], findings: [], unread: [], ...changes }
}

const long = 'it is a long story with many words in it '.repeat(9).trim()

describe('the text of a status', () => {
  it('says what is, and that nothing is wrong', () => {
    const sections = [
      {
        role: 'primary',
        namespace: 'kasten-io-mc',
        facts: [
          { name: 'Operator', value: 'works' },
          { name: 'Join tokens', value: 'none' },
        ],
        warnings: [],
      },
    ] as const
    assert.equal(
      statusText(report({ sections })),
      'primary in kasten-io-mc\n  Operator     works\n  Join tokens  none\n\nNothing is wrong.\n',
    )
  })

  it('ends a failure with the command, and says where else that is to be run', () => {
    assert.equal(
      statusText(report({ healthy: false, findings: [fault] })),
      'WRONG on the secondary: ConnectRefused: the primary cannot be reached\n  check the endpoint:\n    kubectl get pods\n',
    )
    const there = { ...fault, next: { on: 'the primary', command: 'kubectl get pods' } }
    assert.match(statusText(report({ findings: [there] })), /^ {2}check the endpoint; on the primary:\n/m)
  })

  it('says what a command does that the remedy does not speak of', () => {
    const next = { does: 'this tries again at once', command: 'kubectl get pods' }
    assert.match(
      statusText(report({ findings: [{ ...fault, next }] })),
      /^ {2}check the endpoint; this tries again at once:\n/m,
    )
  })

  it('prints a few of many that have the same fault, and how many more there are', () => {
    const findings = Array.from({ length: 8 }, (_, index) => ({ ...fault, code: 'NoHeartbeat', what: `east-${index}` }))
    const text = statusText(report({ findings: [...findings, fault] }))
    assert.deepEqual(
      text.split('\n').filter((line) => /^(WRONG|…)/.test(line)),
      [
        ...[0, 1, 2, 3, 4].map((index) => `WRONG on the secondary: NoHeartbeat: east-${index}`),
        '… and 3 more of NoHeartbeat; -o json tells all of them',
        'WRONG on the secondary: ConnectRefused: the primary cannot be reached',
      ],
    )
  })

  it('stays within 100 columns, whatever is told', () => {
    const facts = [{ name: 'Member', value: long }]
    const warnings = [{ at: '2030-01-31T12:00:00Z', about: 'Secret mc-join', reason: 'Rejected', note: long }]
    const sections = [{ role: 'secondary', namespace: 'kasten-io', facts, warnings }] as const
    const finding = { ...fault, what: long, remedy: long, next: { command: `kubectl ${long}` } }
    const text = statusText(report({ sections, findings: [finding], unread: [long] }))
    assert.deepEqual(
      text.split('\n').filter((line) => line.length > 100),
      [],
    )
  })

  it('breaks a command so that a shell still takes it as one, with what is quoted whole', () => {
    const quoted = `'${'a b '.repeat(20)}'\\''${'c d '.repeat(20)}'`
    const command = `printf '%s|' ${'word '.repeat(30)}${quoted} end`
    const text = statusText(report({ findings: [{ ...fault, next: { command } }] }))
    const printed = text.slice(text.indexOf('    printf'))
    assert.ok(printed.trimEnd().includes('\n'), 'it is broken')
    const run = (line: string) => execFileSync('sh', ['-c', line], { encoding: 'utf8' })
    assert.equal(run(printed), run(command))
  })

  it('moves no cursor, whatever an object holds', () => {
    const evil = '\u001B[2J\u001B]0;title\u0007\r\nNothing is wrong.\u009B1m'
    const next = { command: `kubectl annotate '${evil}'`, does: evil, on: evil }
    const text = statusText(report({ findings: [{ ...fault, what: evil, remedy: evil, next }], unread: [evil] }))
    assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}/u)
    assert.doesNotMatch(text, /^Nothing is wrong/m)
  })
})
