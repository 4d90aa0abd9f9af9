import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { parseAllDocuments } from 'yaml'
import { primaryRights, type Right, secondaryRights } from '../../../../src/cli/diagnosis/rights.ts'

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

/** What a file grants, one line for each verb on one resource. */
function granted(file: string): ReadonlySet<string> {
  const text = readFileSync(join(import.meta.dirname, '../../../../tools/rights', file), 'utf8')
  const roles = parseAllDocuments(text).map(
    (document) => document.toJS() as { metadata: { namespace?: string }; rules?: readonly Rule[] },
  )
  return new Set(
    roles.flatMap(({ metadata, rules = [] }) =>
      rules.flatMap(({ apiGroups: [group = ''], resources, resourceNames, verbs }) =>
        resources.flatMap((resource) => linesOf(metadata.namespace, group, resource, resourceNames, verbs)),
      ),
    ),
  )
}

function needed(rights: readonly Right[]): readonly string[] {
  return rights.flatMap(({ namespace, group, resource, names, verbs }) =>
    linesOf(namespace, group, resource, names, verbs),
  )
}

function linesOf(
  namespace = '*',
  group: string,
  resource: string,
  names: readonly string[] | undefined,
  verbs: readonly string[],
): readonly string[] {
  return (names ?? ['*']).flatMap((name) => verbs.map((verb) => `${namespace} ${verb} ${resource}.${group} ${name}`))
}

describe('the rights that a diagnosis asks for', () => {
  for (const [role, rights] of [
    ['secondary', secondaryRights('kasten-io')],
    ['primary', primaryRights('kasten-io-mc', 'conjoin-system')],
  ] as const)
    it(`are rights that a ${role} is given, so that a whole one is never called missing`, () => {
      const given = granted(`${role}.yaml`)
      assert.deepEqual(
        needed(rights).filter((line) => !given.has(line)),
        [],
      )
    })
})
