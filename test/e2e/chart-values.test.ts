/** What the chart makes of its values: objects that a strict API server takes, or a clear refusal by helm. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { primaryRights, secondaryRights } from '../../src/cli/diagnosis/rights.ts'
import { type ControlPlane, startControlPlane } from '../../tools/controlplane/control-plane.ts'
import { foreignDefinitions } from '../support/foreign-kinds.ts'
import { chart, helm, setting, tryHelm, type Values } from '../support/helm.ts'
import { kubectl } from '../support/kubectl.ts'
import { accepted, home, primary, refused, secondary } from './chart-values.fixture.ts'

interface Rendered {
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  rules?: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[]
  spec?: { template?: { metadata: object; spec: PodSpec } }
}

interface PodSpec {
  containers: { image: string; args: string[]; env: { name: string; value?: string }[] }[]
}

/** A line for each verb on each name. */
function lines(
  namespace = 'every namespace',
  group = '',
  resource: string,
  names: readonly string[] = ['any name'],
  verbs: readonly string[],
): readonly string[] {
  return names.flatMap((name) => verbs.map((verb) => `${verb} ${resource}.${group} ${name} in ${namespace}`))
}

describe('the values of the chart', () => {
  let controlPlane: ControlPlane

  before(async () => {
    controlPlane = await startControlPlane({ name: 'values' })
    await kubectl(controlPlane, ['create', '-f', '-'], foreignDefinitions())
    for (const namespace of ['kasten-io-mc', home, 'kasten-io']) {
      await kubectl(controlPlane, ['create', 'namespace', namespace])
      await kubectl(controlPlane, ['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted'])
      for (const role of ['primary', 'secondary'])
        await kubectl(controlPlane, ['create', 'serviceaccount', `conjoin-${role}`, '-n', namespace])
    }
    const names = ['servicemonitors.monitoring.coreos.com', 'httproutes.gateway.networking.k8s.io']
    await kubectl(controlPlane, ['wait', '--for=condition=Established', ...names.map((name) => `crd/${name}`)])
  })

  after(async () => controlPlane.stop())

  async function render(values: Values, namespace = home): Promise<{ text: string; objects: Rendered[] }> {
    const text = await helm(controlPlane, ['template', 'conjoin', chart, '-n', namespace, ...setting(values)])
    const objects = parseAllDocuments(text).map((document) => document.toJS() as Rendered | null)
    return { text, objects: objects.filter((object) => object !== null) }
  }

  for (const [what, { values, namespace = home }] of Object.entries(accepted))
    it(`${what}: the API server takes every object, and its pods into a restricted namespace`, async () => {
      const { text, objects } = await render(values, namespace)
      await kubectl(controlPlane, ['apply', '--dry-run=server', '--validate=strict', '-f', '-'], text)
      const templates = objects.flatMap(({ kind, spec }) => (kind === 'Deployment' ? [spec?.template] : []))
      assert.ok(templates.length > 0)
      for (const template of templates) {
        const pod = {
          apiVersion: 'v1',
          kind: 'Pod',
          ...template,
          metadata: { ...template?.metadata, name: 'p', namespace },
        }
        const args = ['create', '--dry-run=server', '--validate=strict', '-f', '-']
        await kubectl(controlPlane, args, JSON.stringify(pod))
      }
    })

  for (const { what, values, message, namespace = home } of refused)
    it(`${what} is refused, and the reason is said`, async () => {
      const args = ['template', 'conjoin', chart, '-n', namespace, ...setting(values)]
      const { exitCode, stderr } = await tryHelm(controlPlane, args)
      assert.notEqual(exitCode, 0)
      assert.match(stderr, message)
    })

  it('reach the process: flags, proxies, and the image by its digest', async () => {
    const digest = `sha256:${'a'.repeat(64)}`
    const { objects } = await render({
      ...primary,
      ...secondary,
      'image.repository': 'registry.example.com/conjoin',
      'image.digest': digest,
      'primary.heartbeatInterval': '45',
      'primary.memberLabels': '{region,example.com/*}',
      'secondary.labels.region': 'eu',
      'secondary.labels.example\\.com/tier': 'gold',
      'multicluster.primary.create': 'true',
      'multicluster.primary.name': 'primary-1',
      'multicluster.primary.ingressURL': 'https://primary.example.com',
      'secondary.proxy.httpsProxy': 'http://proxy.example.com:3128',
    })
    const [containerOfPrimary, containerOfSecondary] = objects
      .filter(({ kind }) => kind === 'Deployment')
      .toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name))
      .map(({ spec }) => spec?.template?.spec.containers[0])
    assert.equal(containerOfPrimary?.image, `registry.example.com/conjoin@${digest}`)
    for (const flag of ['--heartbeat-interval=45', '--primary-name=primary-1', `--identity-namespace=${home}`])
      assert.ok(containerOfPrimary?.args.includes(flag), flag)
    assert.ok(containerOfPrimary?.args.includes('--member-labels=region,example.com/*'))
    assert.ok(containerOfSecondary?.args.includes('--labels=example.com/tier=gold,region=eu'))
    const proxy = containerOfSecondary?.env.find(({ name }) => name === 'HTTPS_PROXY')
    assert.equal(proxy?.value, 'http://proxy.example.com:3128')
  })

  it('grant each role the rights that a diagnosis asks for, and no others', async () => {
    const { objects } = await render({ ...primary, ...secondary })
    const granted = objects
      .filter(({ kind }) => kind === 'Role' || kind === 'ClusterRole')
      .filter(({ metadata }) => /^conjoin-(primary|secondary)/.test(metadata.name))
      .flatMap(({ metadata, rules = [] }) =>
        rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
          resources.flatMap((resource) => lines(metadata.namespace, apiGroups[0], resource, resourceNames, verbs)),
        ),
      )
    const needed = [...primaryRights('kasten-io-mc', home), ...secondaryRights(home)].flatMap(
      ({ namespace, group, resource, names, verbs }) => lines(namespace, group, resource, names, verbs),
    )
    assert.deepEqual(granted.toSorted(), needed.toSorted())
  })

  it('carry the alerts, as they are, to the operator of Prometheus', async () => {
    const { objects } = await render({ ...primary, 'prometheusRule.enabled': 'true' })
    const rules = objects.find(({ kind }) => kind === 'PrometheusRule')
    assert.deepEqual(rules?.spec, parse(await readFile(join(chart, 'files/alerts.yaml'), 'utf8')))
  })

  it('give the roles of people no way to Secrets', async () => {
    const { objects } = await render(primary)
    const roles = objects.filter(({ metadata }) =>
      Object.keys(metadata.labels ?? {}).some((label) => label.startsWith('rbac.authorization.k8s.io/aggregate-to-')),
    )
    assert.deepEqual(roles.map(({ metadata }) => metadata.name).toSorted(), ['conjoin-edit', 'conjoin-view'])
    for (const { rules } of roles)
      for (const rule of rules ?? []) {
        assert.deepEqual(rule.apiGroups, ['dist.kio.kasten.io'])
        assert.deepEqual(rule.resources, ['bootstraps', 'clusters'])
      }
  })

  it('never lead to a definition that another program owns', async () => {
    const foreign = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'clusters.dist.kio.kasten.io' },
      spec: {
        group: 'dist.kio.kasten.io',
        scope: 'Namespaced',
        names: { kind: 'Cluster', plural: 'clusters' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    }
    await kubectl(controlPlane, ['create', '-f', '-'], JSON.stringify(foreign))
    const args = ['install', 'conjoin', chart, '-n', home, ...setting(primary)]
    const { exitCode, stderr } = await tryHelm(controlPlane, args)
    assert.notEqual(exitCode, 0)
    assert.match(stderr, /clusters\.dist\.kio\.kasten\.io belongs to another program/)
    const version = ['get', 'crd', foreign.metadata.name, '-o', 'jsonpath={.spec.versions[0].name}']
    assert.equal(await kubectl(controlPlane, version), 'v1')
    assert.equal(await kubectl(controlPlane, ['get', 'deployments', '-n', home, '-o', 'name']), '')
  })
})
