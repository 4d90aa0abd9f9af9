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

interface Rendered {
  kind: string
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
  rules?: { apiGroups: string[]; resources: string[]; resourceNames?: string[]; verbs: string[] }[]
  spec?: { template?: { metadata: object; spec: PodSpec } }
}

interface PodSpec {
  containers: { image: string; args: string[]; env: { name: string; value?: string }[] }[]
}

const home = 'conjoin-system'
const primary: Values = { 'primary.enabled': 'true' }
const secondary: Values = { 'secondary.enabled': 'true' }

const accepted: Readonly<Record<string, { values: Values; namespace?: string }>> = {
  'a primary as it comes': { values: primary },
  'a secondary as it comes': { values: secondary, namespace: 'kasten-io' },
  'both roles in one cluster': { values: { ...primary, ...secondary } },
  "a primary by the vendor's values": {
    values: {
      'multicluster.primary.create': 'true',
      'multicluster.primary.name': 'primary-1',
      'multicluster.primary.ingressURL': 'https://primary.example.com/k10',
    },
  },
  'multi-cluster disabled': { values: { ...secondary, 'multicluster.enabled': 'false' }, namespace: 'kasten-io' },
  'an ingress that ends TLS': {
    values: {
      ...primary,
      'primary.tls': 'false',
      'primary.trustedProxies': '{10.0.0.0/8,192.0.2.7}',
      'primary.ingress.enabled': 'true',
      'primary.ingress.host': 'primary.example.com',
      'primary.ingress.path': '/k10',
      'primary.ingress.className': 'nginx',
      'primary.ingress.tlsSecret': 'primary-tls',
      'primary.ingress.annotations.a\\.example\\.com/b': 'c',
    },
  },
  'a route of the Gateway API': {
    values: {
      ...primary,
      'primary.httpRoute.enabled': 'true',
      'primary.httpRoute.parentRefs[0].name': 'gateway',
      'primary.httpRoute.hostnames': '{primary.example.com}',
    },
  },
  'monitoring and network policies': {
    values: {
      ...primary,
      ...secondary,
      'serviceMonitor.enabled': 'true',
      'serviceMonitor.labels.release': 'prometheus',
      'prometheusRule.enabled': 'true',
      'networkPolicy.enabled': 'true',
      'networkPolicy.joinFrom[0].ipBlock.cidr': '10.0.0.0/8',
      'networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.a': 'b',
    },
  },
  'certificates and proxies': {
    values: {
      ...secondary,
      'secondary.caBundle.configMap': 'trust',
      'secondary.proxy.httpsProxy': 'http://proxy.example.com:3128',
      'secondary.proxy.noProxy': '.cluster.local\\,10.0.0.0/8',
      'secondary.proxy.secret': 'proxy',
    },
    namespace: 'kasten-io',
  },
  'every knob of the pods': {
    values: {
      ...primary,
      'primary.service.type': 'LoadBalancer',
      'primary.service.annotations.a': 'b',
      'primary.podAnnotations.a': 'b',
      'primary.podLabels.a': 'b',
      'primary.nodeSelector.a': 'b',
      'primary.tolerations[0].operator': 'Exists',
      'primary.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight': '1',
      'primary.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].key':
        'a',
      'primary.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].operator':
        'Exists',
      'imagePullSecrets[0].name': 'registry',
      'commonLabels.team': 'platform',
      'commonAnnotations.owner': 'platform',
      'image.digest': `sha256:${'0'.repeat(64)}`,
    },
  },
}

const refused: readonly { what: string; values: Values; message: RegExp; namespace?: string }[] = [
  { what: 'no role', values: {}, message: /set primary\.enabled=true on the primary, secondary\.enabled=true/ },
  {
    what: 'a primary to be created without a name',
    values: {
      'multicluster.primary.create': 'true',
      'multicluster.primary.ingressURL': 'https://primary.example.com',
    },
    message: /set multicluster\.primary\.name/,
  },
  {
    what: 'a primary to be created without a URL',
    values: { 'multicluster.primary.create': 'true', 'multicluster.primary.name': 'primary-1' },
    message: /set multicluster\.primary\.ingressURL/,
  },
  {
    what: 'a name that nothing would be created from',
    values: { ...primary, 'multicluster.primary.name': 'primary-1' },
    message: /only with multicluster\.primary\.create=true/,
  },
  {
    what: 'a release beside its join tokens',
    values: primary,
    namespace: 'kasten-io-mc',
    message: /install it with --namespace conjoin-system/,
  },
  { what: 'a misspelt value', values: { ...primary, 'primary.replica': '3' }, message: /'replica' not allowed/ },
  {
    what: 'an interval that the operator would refuse',
    values: { ...primary, 'primary.heartbeatInterval': '5' },
    message: /'\/primary\/heartbeatInterval': minimum: got 5, want 10/,
  },
  {
    what: 'an endpoint that is no URL',
    values: { ...primary, 'primary.endpoint': 'primary.example.com' },
    message: /'\/primary\/endpoint'/,
  },
  {
    what: 'an ingress without a host',
    values: { ...primary, 'primary.ingress.enabled': 'true' },
    message: /set primary\.ingress\.host/,
  },
  {
    what: 'a route without a Gateway',
    values: { ...primary, 'primary.httpRoute.enabled': 'true' },
    message: /set primary\.httpRoute\.parentRefs/,
  },
  {
    what: 'two certificate bundles',
    values: { ...secondary, 'secondary.caBundle.pem': 'x', 'secondary.caBundle.configMap': 'y' },
    message: /keep one/,
  },
]

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
