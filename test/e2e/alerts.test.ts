/** The alerts of the chart, judged by Prometheus's own tool. When each fires is told in `test/alerts`. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { promtool } from '../support/promtool.ts'

const root = join(import.meta.dirname, '../..')
const rulesFile = join(root, 'charts/conjoin/files/alerts.yaml')
const stories = globSync('test/alerts/*.yaml', { cwd: root }).map((file) => join(root, file))

interface Story {
  readonly tests: readonly {
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts?: readonly object[] }[]
  }[]
}

function alertNames(): readonly string[] {
  const rules = parse(readFileSync(rulesFile, 'utf8')) as { groups: { rules: { alert: string }[] }[] }
  return rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert)).toSorted()
}

/** The alerts that some story expects to fire, or expects not to. */
function expected(isFiring: boolean): readonly string[] {
  const checks = stories.flatMap((file) =>
    (parse(readFileSync(file, 'utf8')) as Story).tests.flatMap((test) => test.alert_rule_test ?? []),
  )
  const names = checks
    .filter(({ exp_alerts: alerts = [] }) => alerts.length > 0 === isFiring)
    .map(({ alertname }) => alertname)
  return [...new Set(names)].toSorted()
}

describe('the alerts', () => {
  it('are rules that Prometheus takes, with no fault that it warns of', async () => {
    const { exitCode, stdout, stderr } = await promtool(['check', 'rules', '--lint=all', '--lint-fatal', rulesFile])
    assert.equal(exitCode, 0, `${stdout}${stderr}`)
  })

  it('fire when they should and with the words that they should, and not before', async () => {
    const { exitCode, stdout, stderr } = await promtool(['test', 'rules', ...stories])
    assert.equal(exitCode, 0, `${stdout}${stderr}`)
  })

  it('are each shown both firing and silent', () => {
    assert.ok(alertNames().length > 20)
    assert.deepEqual(expected(true), alertNames())
    assert.deepEqual(expected(false), alertNames())
  })
})
