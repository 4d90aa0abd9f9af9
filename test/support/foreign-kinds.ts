/**
 * Kinds of other projects that the chart can make, as far as it uses them: strict validation refuses every field that
 * is not listed. Their own definitions are far larger and are installed by whoever wants them.
 */

type Schema = Readonly<Record<string, unknown>>

const text: Schema = { type: 'string' }
const whole: Schema = { type: 'integer' }
const texts: Schema = { type: 'object', additionalProperties: text }
const objectOf = (properties: Record<string, Schema>): Schema => ({ type: 'object', properties })
const listOf = (items: Schema): Schema => ({ type: 'array', items })

const definitions: readonly { group: string; version: string; kind: string; spec: Schema }[] = [
  {
    group: 'monitoring.coreos.com',
    version: 'v1',
    kind: 'ServiceMonitor',
    spec: objectOf({
      selector: objectOf({ matchLabels: texts }),
      endpoints: listOf(objectOf({ port: text, interval: text })),
    }),
  },
  {
    group: 'monitoring.coreos.com',
    version: 'v1',
    kind: 'PrometheusRule',
    spec: objectOf({
      groups: listOf(
        objectOf({
          name: text,
          interval: text,
          rules: listOf(objectOf({ alert: text, expr: text, for: text, labels: texts, annotations: texts })),
        }),
      ),
    }),
  },
  {
    group: 'gateway.networking.k8s.io',
    version: 'v1',
    kind: 'HTTPRoute',
    spec: objectOf({
      parentRefs: listOf(objectOf({ name: text, namespace: text, sectionName: text })),
      hostnames: listOf(text),
      rules: listOf(
        objectOf({
          matches: listOf(objectOf({ path: objectOf({ type: text, value: text }) })),
          backendRefs: listOf(objectOf({ name: text, port: whole })),
        }),
      ),
    }),
  },
]

/** A List of their CustomResourceDefinitions, for `kubectl create`. */
export function foreignDefinitions(): string {
  const items = definitions.map(({ group, version, kind, spec }) => {
    const plural = `${kind.toLowerCase()}s`
    const schema = { openAPIV3Schema: { type: 'object', properties: { spec } } }
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.${group}`,
        annotations: { 'api-approved.kubernetes.io': 'unapproved, a part of the kind for tests' },
      },
      spec: {
        group,
        scope: 'Namespaced',
        names: { kind, plural },
        versions: [{ name: version, served: true, storage: true, schema }],
      },
    }
  })
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
}
