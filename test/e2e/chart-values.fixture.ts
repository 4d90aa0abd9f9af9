/** Values for the chart: those that it takes, each for a situation of its users, and those that it refuses. */
import type { Values } from '../support/helm.ts'

/** The namespace of a release, unless a case says otherwise. */
export const home = 'conjoin-system'
export const primary: Values = { 'primary.enabled': 'true' }
export const secondary: Values = { 'secondary.enabled': 'true' }

/** By what they are for. */
export const accepted: Readonly<Record<string, { values: Values; namespace?: string }>> = {
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

/** With what helm says. */
export const refused: readonly { what: string; values: Values; message: RegExp; namespace?: string }[] = [
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
