/**
 * The settings of a process: flags, their environment twins (`--identity-namespace` is `CONJOIN_IDENTITY_NAMESPACE`),
 * one schema, read once and frozen. The only file that reads the environment.
 */
import { isIP } from 'node:net'
import { homedir, hostname } from 'node:os'
import { delimiter, join } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import packageJson from '../package.json' with { type: 'json' }
import { clusterNameSchema } from './api/cluster-name.ts'
import { endpointSchema } from './api/endpoint.ts'
import { isLabelKey, isReservedLabelKey, parseLabels } from './api/labels.ts'
import { maxLabels } from './protocol/fields.ts'
import { isPrototypeKey } from './protocol/strict-json.ts'

/** A setting is missing or wrong; the message names its flag and what it should be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** The version of conjoin, from package.json. */
export const version: string = packageJson.version

const flag = z.enum(['true', 'false']).transform((text) => text === 'true')

const listenAddress = z.string().transform((text, context) => {
  const match = /^(?:(https?):\/\/)?(\[[0-9a-fA-F:]+\]|[^:/[\]]*):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) {
    context.addIssue({ code: 'custom', message: 'must be [http://|https://]<address>:<port>' })
    return z.NEVER
  }
  const host = match[2] === '' || match[2] === undefined ? '0.0.0.0' : match[2].replace(/^\[|\]$/g, '')
  return { tls: match[1] !== 'http', host, port }
})

const namespace = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'must be an RFC 1123 label')

/** `10.0.0.0/8,192.0.2.7`. */
const addressRanges = z.string().transform((text, context) => {
  const ranges = text.split(',').map((range) => range.trim())
  if (ranges.every(isAddressRange)) return ranges
  context.addIssue({ code: 'custom', message: 'must be IP addresses or CIDR ranges, separated by commas' })
  return z.NEVER
})

function isAddressRange(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/')
  const version = isIP(address)
  const bits = version === 6 ? 128 : 32
  return (
    version !== 0 && rest.length === 0 && (length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits))
  )
}

/** `region=eu,tier=gold`. */
const labels = z.string().transform((text, context) => {
  const read = parseLabels(text)
  const keys = 'value' in read ? Object.keys(read.value) : []
  if ('value' in read && keys.length <= maxLabels && !keys.some(isPrototypeKey)) return read.value
  const unsendable = `holds more than ${maxLabels} labels, or one whose key no message may carry`
  context.addIssue({ code: 'custom', message: 'fault' in read ? read.fault : unsendable })
  return z.NEVER
})

/** `region,example.com/*`. */
const labelRules = z.string().transform((text, context) => {
  const rules = text.split(',').map((rule) => rule.trim())
  if (rules.every(isLabelRule)) return rules
  context.addIssue({
    code: 'custom',
    message: 'must be keys of labels, or prefixes such as example.com/*, that are not reserved; separated by commas',
  })
  return z.NEVER
})

function isLabelRule(rule: string): boolean {
  const example = rule.endsWith('/*') ? rule.replace(/\*$/, 'any') : rule
  return isLabelKey(example) && !isReservedLabelKey(example)
}

const heartbeatSeconds = 'must be 10 to 600 seconds'

const common = {
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  'admin-listen': listenAddress.default({ tls: false, host: '0.0.0.0', port: 8080 }),
  'log-level': z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  multicluster: flag.default(true),
  /** Holder of the lease; a container that restarts in its pod takes its own lease at once. */
  identity: z.string().min(1).max(253).default(hostname()),
}

export const primarySchema = z.object({
  ...common,
  namespace: namespace.default('kasten-io-mc'),
  'identity-namespace': namespace.optional(),
  listen: listenAddress.default({ tls: true, host: '0.0.0.0', port: 8443 }),
  endpoint: endpointSchema.optional(),
  'primary-name': clusterNameSchema.optional(),
  'primary-ingress': endpointSchema.optional(),
  'trusted-proxies': addressRanges.default([]),
  'member-labels': labelRules.default([]),
  'heartbeat-interval': z.coerce
    .number(heartbeatSeconds)
    .min(10, heartbeatSeconds)
    .max(600, heartbeatSeconds)
    .default(20),
})

export const secondarySchema = z.object({
  ...common,
  namespace: namespace.default('kasten-io'),
  'primary-namespace': namespace.default('kasten-io-mc'),
  'release-name': namespace.default('k10'),
  'allow-insecure-primary-ingress': flag.default(false),
  'ca-bundle': z.string().min(1).optional(),
  labels: labels.default({}),
})

export type PrimaryConfig = Readonly<z.infer<typeof primarySchema>> & {
  /** From `--primary-name` and `--primary-ingress`, which go together. */
  readonly requestedPrimary?: { readonly name: string; readonly ingressUrl: string }
}
export type SecondaryConfig = Readonly<z.infer<typeof secondarySchema>> & { readonly proxies: Proxies }

/** The proxies of the environment, by the names that every HTTP client knows. */
export interface Proxies {
  readonly http?: string
  readonly https?: string
  readonly noProxy?: string
}

export type Command =
  | { readonly kind: 'primary'; readonly config: PrimaryConfig }
  | { readonly kind: 'secondary'; readonly config: SecondaryConfig }
  | { readonly kind: 'cli'; readonly config: CliConfig }
  | { readonly kind: 'version' }
  | { readonly kind: 'help' }

/** What the commands for people take from the environment; the rest they are told by their arguments. */
export interface CliConfig {
  readonly args: readonly string[]
  /** Where kubectl would look, in this order; not all of them need exist. */
  readonly kubeconfigs: readonly string[]
  /** https://no-color.org: set to something that is not empty. */
  readonly noColor: boolean
}

/** Columns of a terminal. */
const widest = 100

export const usage = `conjoin joins Kubernetes clusters under a primary.

Usage:
  conjoin primary    reconcile Bootstraps and Clusters, fill join tokens, serve the join endpoint
  conjoin secondary  watch the Secret mc-join, join the primary, keep the membership alive
  conjoin --version  print the version of this program
  conjoin <command>  the commands of kubectl conjoin, see below

Every flag of a role has an environment twin: --log-level is CONJOIN_LOG_LEVEL.
Flags of primary:
${flagLines(primarySchema)}
Flags of secondary:
${flagLines(secondarySchema)}
`

/** As many flags on a line as a terminal is wide. */
function flagLines({ shape }: z.ZodObject): string {
  const lines: string[] = []
  for (const flag of Object.keys(shape).map((name) => `--${name}`)) {
    const last = lines.at(-1)
    if (last === undefined || last.length + flag.length >= widest) lines.push(`  ${flag}`)
    else lines[lines.length - 1] = `${last} ${flag}`
  }
  return lines.join('\n')
}

/** Reads arguments and environment. Throws `ConfigError`. */
export function readCommand(args: readonly string[], environment: NodeJS.ProcessEnv = process.env): Command {
  const [name, ...rest] = args
  switch (name) {
    case 'primary':
      return { kind: name, config: Object.freeze(readPrimary(rest, environment)) }
    case 'secondary':
      return {
        kind: name,
        config: Object.freeze({ ...read(secondarySchema, rest, environment), proxies: readProxies(environment) }),
      }
    case '--version':
      return { kind: 'version' }
    case undefined:
    case '--help':
    case '-h':
      return { kind: 'help' }
    case 'help':
      // `help token create` is `token create --help`.
      return rest.length === 0 ? { kind: 'help' } : { kind: 'cli', config: readCli([...rest, '--help'], environment) }
    default:
      return { kind: 'cli', config: readCli(args, environment) }
  }
}

function readCli(args: readonly string[], environment: NodeJS.ProcessEnv): CliConfig {
  const named = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '')
  return {
    args,
    kubeconfigs: named.length > 0 ? named : [join(homedir(), '.kube', 'config')],
    noColor: Boolean(environment['NO_COLOR']),
  }
}

function readPrimary(args: readonly string[], environment: NodeJS.ProcessEnv): PrimaryConfig {
  const config = read(primarySchema, args, environment)
  const { 'primary-name': name, 'primary-ingress': ingressUrl } = config
  if (name !== undefined && ingressUrl !== undefined) return { ...config, requestedPrimary: { name, ingressUrl } }
  if (name === undefined && ingressUrl === undefined) return config
  throw new ConfigError('--primary-name and --primary-ingress go together: set both, or create a Bootstrap instead')
}

function read<S extends z.ZodObject>(schema: S, args: readonly string[], environment: NodeJS.ProcessEnv): z.infer<S> {
  const names = Object.keys(schema.shape)
  const flags = parseFlags(names, args)
  const given = names.flatMap((name) => {
    const value = flags[name] ?? environment[environmentTwin(name)]
    return value === undefined ? [] : [[name, value] as const]
  })
  const parsed = schema.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const failed = String(issue?.path[0])
  throw new ConfigError(`--${failed} (or ${environmentTwin(failed)}): ${issue?.message ?? 'is not valid'}`)
}

function parseFlags(names: readonly string[], args: readonly string[]): Record<string, string | undefined> {
  try {
    const options = Object.fromEntries(names.map((name) => [name, { type: 'string' as const }]))
    return parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values
  } catch (error) {
    throw new ConfigError(error instanceof Error ? error.message : String(error))
  }
}

function environmentTwin(name: string): string {
  return `CONJOIN_${name.toUpperCase().replaceAll('-', '_')}`
}

function readProxies(environment: NodeJS.ProcessEnv): Proxies {
  const http = environment['HTTP_PROXY'] ?? environment['http_proxy']
  const https = environment['HTTPS_PROXY'] ?? environment['https_proxy']
  const noProxy = environment['NO_PROXY'] ?? environment['no_proxy']
  return {
    ...(http === undefined ? {} : { http }),
    ...(https === undefined ? {} : { https }),
    ...(noProxy === undefined ? {} : { noProxy }),
  }
}
