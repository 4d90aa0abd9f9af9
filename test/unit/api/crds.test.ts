import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import type { StructuralSchema } from '../../../src/api/structural-schema.ts'
import { driftedFiles, generatedFiles } from '../../../tools/gen.ts'

const root = join(import.meta.dirname, '../../..')

interface Definition {
  metadata: { name: string; labels: Record<string, string> }
  spec: {
    names: Record<string, unknown>
    versions: { schema: { openAPIV3Schema: StructuralSchema }; subresources: object }[]
  }
}

const definitions = new Map(
  [...generatedFiles()]
    .filter(([path]) => path.startsWith('crds/'))
    .map(([, text]) => {
      const definition = parse(text) as Definition
      return [definition.metadata.name, definition] as const
    }),
)

/** Every schema below `node`, with the path it stands at. */
function* fields(node: StructuralSchema, path: string): Generator<[string, StructuralSchema]> {
  yield [path, node]
  for (const [name, child] of Object.entries(node.properties ?? {})) yield* fields(child, `${path}.${name}`)
  if (node.additionalProperties !== undefined) yield* fields(node.additionalProperties, `${path}[key]`)
  if (node.items !== undefined) yield* fields(node.items, `${path}[]`)
}

function allFields(): [string, StructuralSchema][] {
  return [...definitions].flatMap(([name, definition]) =>
    definition.spec.versions.flatMap((version) => [...fields(version.schema.openAPIV3Schema, name)]),
  )
}

describe('the generated custom resource definitions', () => {
  it('are the ones in the repository', () => {
    assert.deepEqual(driftedFiles(root), [])
  })

  it('are reported by name where they differ or are missing', async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'conjoin-gen-'))
    t.after(async () => rm(directory, { recursive: true }))
    for (const [path, text] of generatedFiles()) {
      await mkdir(dirname(join(directory, path)), { recursive: true })
      await writeFile(join(directory, path), text)
    }
    assert.deepEqual(driftedFiles(directory), [])
    await writeFile(join(directory, 'crds/clusters.dist.kio.kasten.io.yaml'), 'edited')
    await rm(join(directory, 'crds/bootstraps.dist.kio.kasten.io.yaml'))
    assert.deepEqual(driftedFiles(directory), [
      'crds/bootstraps.dist.kio.kasten.io.yaml',
      'crds/clusters.dist.kio.kasten.io.yaml',
    ])
  })

  it('describe every field', () => {
    // The API server refuses a description on metadata, and elements of a list are described by the list.
    const silent = allFields().filter(
      ([path, node]) => node.description === undefined && !path.endsWith('.metadata') && !path.endsWith('[]'),
    )
    assert.deepEqual(
      silent.map(([path]) => path),
      [],
    )
    assert.ok(allFields().length > 50)
  })

  it('state every default in the description', () => {
    const defaults = allFields().filter(([, node]) => node['default'] !== undefined)
    assert.ok(defaults.length >= 6)
    for (const [path, node] of defaults)
      assert.ok(node.description?.endsWith(`Default: ${String(node['default'])}.`), path)
  })

  it('say that they are ours', () => {
    assert.deepEqual([...definitions.keys()], ['bootstraps.dist.kio.kasten.io', 'clusters.dist.kio.kasten.io'])
    for (const definition of definitions.values())
      assert.deepEqual(definition.metadata.labels, { 'dist.kio.kasten.io/managed-by': 'conjoin' })
  })

  it('have a message in words for every rule', () => {
    const rules = allFields().flatMap(
      ([, node]) => (node['x-kubernetes-validations'] as { message?: string }[] | undefined) ?? [],
    )
    assert.ok(rules.length > 8)
    for (const rule of rules) assert.match(rule.message ?? '', / /)
  })
})
