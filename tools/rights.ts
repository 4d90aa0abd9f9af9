/** The rights that the chart grants to a role, in its own words, for namespaces of whoever asks. */
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { run } from './controlplane/run.ts'
import { ensurePrograms } from './programs/binaries.ts'

export type Role = 'primary' | 'secondary'

/** Of a role's process; of a primary also that of its objects. */
export interface RolePlace {
  readonly home: string
  readonly namespace?: string
}

/** An object with rights, and the collection of the API that it belongs to. */
export interface Right {
  readonly collection: string
  readonly object: object
}

/** The chart is rendered once, for these: helm takes a tenth of a second, and a test may have many namespaces. */
const somewhere = { home: 'namespace-of-the-process', namespace: 'namespace-of-the-objects' }
const values: Readonly<Record<Role, readonly string[]>> = {
  primary: ['primary.enabled=true', `primary.namespace=${somewhere.namespace}`],
  secondary: ['secondary.enabled=true'],
}
const rendered = new Map<Role, Promise<string>>()

/** Throws with the words of helm where the chart cannot be rendered. */
export async function rightsOf(role: Role, { home, namespace = home }: RolePlace): Promise<readonly Right[]> {
  const text = await (rendered.get(role) ?? remember(role, render(role)))
  const placed = text.replaceAll(somewhere.home, home).replaceAll(somewhere.namespace, namespace)
  return parseAllDocuments(placed).map((document) => rightOf(document.toJS() as RbacObject))
}

interface RbacObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly namespace?: string }
}

function rightOf(object: RbacObject): Right {
  const { apiVersion, kind, metadata } = object
  const scope = metadata.namespace === undefined ? '' : `namespaces/${metadata.namespace}/`
  return { collection: `/apis/${apiVersion}/${scope}${kind.toLowerCase()}s`, object }
}

function remember(role: Role, text: Promise<string>): Promise<string> {
  rendered.set(role, text)
  return text
}

async function render(role: Role): Promise<string> {
  const { helm } = await ensurePrograms(['helm'], console.error)
  const chart = join(import.meta.dirname, '../charts/conjoin')
  const chosen = ['--namespace', somewhere.home, '--show-only', `templates/${role}/rights.yaml`]
  const args = ['template', 'conjoin', chart, ...chosen, ...values[role].flatMap((value) => ['--set', value])]
  const { exitCode, stdout, stderr } = await run(helm, args, { input: '', env: process.env })
  if (exitCode !== 0) throw new Error(`helm ${args.join(' ')} failed: ${stderr.trim()}`)
  return stdout
}
