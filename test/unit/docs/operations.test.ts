/** docs/operations.md has a remedy for everything that conjoin can say, and for nothing that it cannot. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { bootstrapConditions, clusterConditions } from '../../../src/api/conditions.ts'
import { protocolErrors } from '../../../src/protocol/error-table.ts'
import { type ErrorCode, meaningOf } from '../../../src/protocol/errors.ts'
import { messages } from '../../../src/secondary/join/status.ts'
import { linksIn, namesUnder, rowsUnder } from './pages.fixture.ts'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'docs/operations.md'), 'utf8')

interface AlertRules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly annotations: { readonly runbook: string } }[]
  }[]
}
const alertFile = parse(readFileSync(join(root, 'charts/conjoin/files/alerts.yaml'), 'utf8')) as AlertRules
const alerts = alertFile.groups.flatMap(({ rules }) => rules)

/** What a heading is called in a link, as GitHub does it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-')
}

function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))
}

describe('docs/operations.md', () => {
  it('has a cause and a remedy for every code of a message, under the status that it comes with', () => {
    const codes = (isFinal: boolean) =>
      (Object.keys(protocolErrors) as ErrorCode[]).filter((code) => meaningOf(code).final === isFinal)
    const waiting = [messages.asking(''), messages.waitsForConfig('')].map((message) => message.split(':')[0])
    assert.deepEqual(namesUnder(page, 'Rejected'), codes(true))
    assert.deepEqual(namesUnder(page, 'Joining'), [...waiting, ...codes(false)])
  })

  it('has a cause and a remedy for every reason why a Cluster or a Bootstrap is not well', () => {
    const notTrue = ({
      False,
      Unknown,
    }: {
      readonly False: readonly string[]
      readonly Unknown: readonly string[]
    }) => [...False, ...Unknown]
    const { Joined, Healthy, CloneSuspected } = clusterConditions
    const expected = [...notTrue(Joined), ...notTrue(Healthy), ...CloneSuspected.True]
    assert.deepEqual(namesUnder(page, 'Of a Cluster'), expected)
    assert.deepEqual(namesUnder(page, 'Of a Bootstrap'), notTrue(bootstrapConditions.Ready))
  })

  it('leaves no cell of these tables empty', () => {
    for (const heading of ['Rejected', 'Joining', 'Of a Cluster', 'Of a Bootstrap'])
      for (const row of rowsUnder(page, heading)) {
        assert.equal(row.length, 3, row[0])
        assert.ok(
          row.every((cell) => cell !== ''),
          row[0],
        )
      }
  })

  it('has a section for every alert, in their order, with cause and remedy', () => {
    const sections = (page.split('\n## Alerts\n')[1] ?? '').split('\n### ').slice(1)
    assert.deepEqual(
      sections.map((section) => section.split('\n')[0]),
      alerts.map(({ alert }) => alert),
    )
    for (const section of sections) assert.match(section, /^\w+\n\nCause: \S.+\n\nRemedy: \S.+$/s)
  })

  it('is where the alerts send their reader', () => {
    for (const { alert, annotations } of alerts)
      assert.equal(annotations.runbook, `docs/operations.md#${anchorOf(alert)}`)
  })

  it('has links that lead somewhere', () => {
    for (const { path, anchor } of linksIn(page)) {
      const target = path === '' ? join(root, 'docs/operations.md') : join(root, 'docs', path)
      assert.ok(existsSync(target), path)
      if (anchor !== '') assert.ok(anchorsOf(readFileSync(target, 'utf8')).includes(anchor), `${path}#${anchor}`)
    }
  })
})
