/**
 * What may stand in the chart's values. A value that becomes a flag is judged by the flag's own schema, so that Helm
 * refuses what the process would refuse; what is passed on to Kubernetes is judged there.
 */
import { z } from 'zod'
import { primarySchema, secondarySchema } from '../../src/config.ts'

const primaryFlags = primarySchema.shape
const secondaryFlags = secondarySchema.shape

/** Passed on as it is. */
const objects = z.array(z.record(z.string(), z.unknown()))
const object = z.record(z.string(), z.unknown())
const texts = z.record(z.string(), z.string())
/** Empty, or a hint of the flag's own rule: Helm quotes a pattern whole, and that one fills ten lines. */
const url = z
  .string()
  .max(1024)
  .regex(/^(https?:\/\/[^\s?#@]+)?$/)
const clusterName = z
  .string()
  .max(63)
  .regex(/^([a-z0-9][a-z0-9.-]*)?$/)

const pods = {
  resources: object,
  podAnnotations: texts,
  podLabels: texts,
  priorityClassName: z.string(),
  nodeSelector: texts,
  tolerations: objects,
  affinity: object,
}

const primary = z.strictObject({
  enabled: z.boolean(),
  namespace: primaryFlags.namespace,
  createNamespace: z.boolean(),
  replicas: z.int().min(0).max(100),
  endpoint: url,
  heartbeatInterval: primaryFlags['heartbeat-interval'],
  trustedProxies: z.array(z.string()),
  memberLabels: z.array(z.string()),
  tls: z.boolean(),
  service: z.strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer']),
    port: z.int().min(1).max(65_535),
    annotations: texts,
  }),
  ingress: z.strictObject({
    enabled: z.boolean(),
    className: z.string(),
    host: z.string(),
    path: z.string().startsWith('/'),
    tlsSecret: z.string(),
    annotations: texts,
  }),
  httpRoute: z.strictObject({
    enabled: z.boolean(),
    parentRefs: objects,
    hostnames: z.array(z.string()),
    path: z.string().startsWith('/'),
    annotations: texts,
  }),
  podDisruptionBudget: z.boolean(),
  ...pods,
})

const secondary = z.strictObject({
  enabled: z.boolean(),
  releaseName: secondaryFlags['release-name'],
  primaryNamespace: secondaryFlags['primary-namespace'],
  allowInsecurePrimaryIngress: z.boolean(),
  labels: texts,
  caBundle: z.strictObject({ pem: z.string(), configMap: z.string(), key: z.string().regex(/^[-._a-zA-Z0-9]+$/) }),
  proxy: z.strictObject({ httpProxy: z.string(), httpsProxy: z.string(), noProxy: z.string(), secret: z.string() }),
  ...pods,
})

const values = z
  .strictObject({
    primary,
    secondary,
    multicluster: z.strictObject({
      enabled: z.boolean(),
      primary: z.strictObject({
        create: z.boolean(),
        name: clusterName,
        ingressURL: url,
      }),
    }),
    crds: z.strictObject({ install: z.boolean() }),
    image: z.strictObject({
      repository: z.string().min(1),
      tag: z.string(),
      digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
      pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    }),
    imagePullSecrets: objects,
    logLevel: primaryFlags['log-level'],
    aggregateRoles: z.boolean(),
    networkPolicy: z.strictObject({ enabled: z.boolean(), joinFrom: objects, metricsFrom: objects }),
    serviceMonitor: z.strictObject({ enabled: z.boolean(), interval: z.string(), labels: texts }),
    prometheusRule: z.strictObject({ enabled: z.boolean(), labels: texts }),
    commonLabels: texts,
    commonAnnotations: texts,
    /** What a parent chart gives to all its charts. */
    global: object.optional(),
  })
  .meta({ title: 'Values of the chart conjoin' })

/** The text of `values.schema.json`. Nothing in it is required: Helm judges the values after the defaults. */
export function valuesSchema(): string {
  const schema = z.toJSONSchema(values, {
    target: 'draft-7',
    io: 'input',
    reused: 'inline',
    unrepresentable: 'throw',
    override: ({ jsonSchema }) => sayPlainly(jsonSchema),
  })
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

/** What zod adds beyond the rule itself. */
function sayPlainly(schema: Record<string, unknown>): void {
  for (const keyword of ['default', 'required', 'propertyNames', 'format']) delete schema[keyword]
}
