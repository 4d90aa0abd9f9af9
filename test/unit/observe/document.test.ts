/** The tables of docs/metrics.md say what the code does, and alerts ask for nothing that is not there. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { systemClock } from '../../../src/lib/clock.ts'
import { createMetrics } from '../../../src/observe/metrics.ts'

const root = join(import.meta.dirname, '../../..')
const document = readFileSync(join(root, 'docs/metrics.md'), 'utf8')
const alerts = parse(readFileSync(join(root, 'charts/conjoin/files/alerts.yaml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string; labels: { severity: string } }[] }[]
}
const rules = alerts.groups.flatMap((group) => group.rules)

interface Metric {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

/** What a scrape shows of a process that has done everything once. */
async function scrapeOf(role: 'primary' | 'secondary'): Promise<string> {
  const metrics = createMetrics({ role, version: '1.2.3', clock: systemClock })
  metrics.readiness(() => true)
  const common = metrics.role()
  common.request({ verb: 'get', resource: 'secrets' })(200)
  common.reconcile('cluster')('done')
  common.queue('cluster', () => 0)
  common.listed('clusters')
  common.watched('clusters')
  if (role === 'secondary') {
    metrics.secondary().observe(() => ({ isMember: true, lastContact: 0 }))
  } else {
    const primary = metrics.primary()
    primary.answered('join', 200)
    primary.limited('gate')
    primary.observe(() => ({
      clusters: [{ type: 'primary', reason: 'Primary' }],
      tombstones: 0,
      isIdentityLost: false,
      isConnectivityDegraded: false,
    }))
  }
  return metrics.text()
}

function metricsIn(exposition: string): readonly Metric[] {
  return exposition.split('# HELP ').flatMap((block) => {
    const parts = /^(\w+) (.*)\n# TYPE \w+ (\w+)\n(?:\w+\{([^}]*)\})?/.exec(block)
    if (parts === null) return []
    const [, name = '', help = '', type = '', labels = ''] = parts
    const labelNames = [...labels.matchAll(/(\w+)="/g)].map(([, label = '']) => label)
    return [{ name, help, type, labelNames: labelNames.filter((label) => !['role', 'le'].includes(label)) }]
  })
}

const all = {
  primary: metricsIn(await scrapeOf('primary')),
  secondary: metricsIn(await scrapeOf('secondary')),
}
const isOurs = ({ name }: Metric) => name.startsWith('conjoin_')

/** The rows of the first table under a heading, without its head. */
function tableUnder(heading: string): readonly string[] {
  const section = document.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
}

function row({ name, type, labelNames, help }: Metric): string {
  return `| \`${name}\` | ${type} | ${labelNames.map((label) => `\`${label}\``).join(', ') || '–'} | ${help} |`
}

const names = (metrics: readonly Metric[]) => new Set(metrics.map(({ name }) => name))
const [onPrimary, onSecondary] = [names(all.primary), names(all.secondary)]

describe('docs/metrics.md', () => {
  it('has every metric of ours under its role, with type, labels and meaning, and no other', () => {
    const sections = {
      'Both roles': all.primary.filter(({ name }) => onSecondary.has(name)),
      Primary: all.primary.filter(({ name }) => !onSecondary.has(name)),
      Secondary: all.secondary.filter(({ name }) => !onPrimary.has(name)),
    }
    for (const [heading, metrics] of Object.entries(sections))
      assert.deepEqual(tableUnder(heading).toSorted(), metrics.filter(isOurs).map(row).toSorted(), heading)
  })

  it('has every metric of Node.js and the process, with its type, and no other', () => {
    const listed = tableUnder('Process').map((line) => line.split(' | ').slice(0, 2).join(' | '))
    const registered = all.primary.filter((metric) => !isOurs(metric))
    assert.deepEqual(listed.toSorted(), registered.map(({ name, type }) => `| \`${name}\` | ${type}`).toSorted())
  })

  it('has every alert with its severity, and no other', () => {
    const listed = tableUnder('Alerts').map((line) => line.split(' | ').slice(0, 2).join(' | '))
    assert.deepEqual(
      listed,
      rules.map(({ alert, labels }) => `| \`${alert}\` | ${labels.severity}`),
    )
  })

  it('and the alerts ask only for metrics and labels that there are', () => {
    const known = new Map([...all.primary, ...all.secondary].map((metric) => [metric.name, metric]))
    const texts = [...rules.map(({ expr }) => expr), ...[...document.matchAll(/```promql\n([^`]*)```/g)].map(String)]
    const asked = texts.flatMap((text) => [
      ...text.matchAll(/\b((?:conjoin|nodejs|process)_[a-z0-9_]+?)(?:_bucket|_sum|_count)?\b(?:\{([^}]*)\})?/g),
    ])
    assert.ok(asked.length > rules.length)
    for (const [, name = '', selectors = ''] of asked) {
      const metric = known.get(name)
      assert.ok(metric, name)
      for (const [, label = ''] of selectors.matchAll(/([a-z_]+)(?:=|!)/g))
        assert.ok([...metric.labelNames, 'role', 'namespace'].includes(label), `${name} has no label ${label}`)
    }
  })
})

describe('each alert', () => {
  it('names the section of the handbook that is its own', () => {
    const source = readFileSync(join(root, 'charts/conjoin/files/alerts.yaml'), 'utf8')
    for (const { alert } of rules)
      assert.ok(source.includes(`runbook: docs/operations.md#${alert.toLowerCase()}\n`), alert)
  })
})
