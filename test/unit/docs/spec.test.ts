/** The pages of docs/spec say what the code does: nothing is missing on them, and nothing is made up. */
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { bootstrapSchema } from '../../../src/api/bootstrap.ts'
import { clusterSchema } from '../../../src/api/cluster.ts'
import { bootstrapConditions, clusterConditions } from '../../../src/api/conditions.ts'
import { customResourceDefinitions } from '../../../src/api/definitions.ts'
import * as groupNames from '../../../src/api/group.ts'
import { type Reason, reasons } from '../../../src/api/reasons.ts'
import { protocolErrors } from '../../../src/protocol/error-table.ts'
import { type ErrorCode, meaningOf } from '../../../src/protocol/errors.ts'
import { messages } from '../../../src/secondary/join/status.ts'
import { fieldRows, refusals } from './fields.fixture.ts'
import { examplesIn, linksIn, namesUnder, type PageName, pageNames, readPage, rowsUnder } from './pages.fixture.ts'

const root = join(import.meta.dirname, '../../..')
const pages = Object.fromEntries(pageNames.map((name) => [name, readPage(name)])) as Record<PageName, string>
const kinds = { bootstrap: customResourceDefinitions[0], cluster: customResourceDefinitions[1] } as const

describe('the pages of docs/spec', () => {
  for (const [page, crd] of Object.entries(kinds) as [keyof typeof kinds, (typeof customResourceDefinitions)[0]][]) {
    it(`list every field of a ${crd.spec.names.kind} with its type and its default`, () => {
      const listed = rowsUnder(pages[page], 'Fields').map((row) => row.slice(0, 3))
      assert.deepEqual(listed, fieldRows(crd))
    })

    it(`list what the API server refuses of a ${crd.spec.names.kind}, in its words`, () => {
      const listed = rowsUnder(pages[page], 'Refused at once').map(([, words]) => words)
      assert.deepEqual(new Set(listed), refusals(crd))
    })
  }

  it('list every condition with the reasons that the primary gives, and apart from them those that it does not', () => {
    const { Ready: _, ...cluster } = clusterConditions
    assertConditions(pages.bootstrap, bootstrapConditions)
    assertConditions(pages.cluster, cluster)
  })

  it('list every Event on the page of the object that it is about', () => {
    const folders: Readonly<Record<PageName, readonly string[]>> = {
      bootstrap: ['primary/bootstrap'],
      cluster: ['primary/cluster', 'primary/labels', 'primary/rekey', 'primary/leave'],
      'join-token': ['primary/join', 'primary/join-token'],
      secondary: ['secondary'],
    }
    const recorders = sources('**').filter(({ text }) => text.includes('events.record('))
    const isOf = (page: PageName) => (path: string) => folders[page].some((folder) => path.startsWith(`${folder}/`))
    for (const page of pageNames) {
      const told = recorders.filter(({ path }) => isOf(page)(path)).flatMap(({ text }) => reasonsIn(text))
      const ofConditions: Partial<Record<PageName, readonly Reason[]>> = {
        bootstrap: reasonsOf(bootstrapConditions.Ready),
        cluster: [...told, ...clusterConditions.CloneSuspected.True],
      }
      assert.deepEqual(new Set(namesUnder(pages[page], 'Events')), new Set(ofConditions[page] ?? told), page)
    }
    const homeless = recorders.filter(({ path }) => !pageNames.some((page) => isOf(page)(path)))
    assert.deepEqual(homeless, [], 'each of them has a page')
  })

  it('list every label, annotation and finalizer of the group', () => {
    const { annotations, group, version, ...others } = groupNames
    const all = [...Object.values(annotations), ...Object.values(others)]
    const known = all.filter((name) => name.startsWith(`${group}/`) && name !== `${group}/${version}`)
    const short = [
      ...['What you ask for', 'What conjoin writes'].flatMap((heading) => namesUnder(pages['join-token'], heading)),
      ...namesUnder(pages.secondary, 'Annotations'),
    ]
    const whole = [
      rowsUnder(pages.bootstrap, 'Labels and annotations'),
      rowsUnder(pages.bootstrap, 'What the primary keeps for itself'),
      rowsUnder(pages.bootstrap, 'The signing keys'),
      rowsUnder(pages.cluster, 'Labels, annotations, finalizer'),
    ].flatMap((rows) => rows.flat().flatMap((cell) => [...cell.matchAll(/dist\.kio\.kasten\.io\/[a-z-]+/g)].flat()))
    assert.deepEqual(new Set([...short.map((name) => `${group}/${name}`), ...whole]), new Set(known))
  })

  it('list every code of a message, whether it is final, and its words', () => {
    for (const [heading, isFinal] of [
      ['Rejected', true],
      ['Joining', false],
    ] as const) {
      const codes = (Object.keys(protocolErrors) as ErrorCode[]).filter((code) => meaningOf(code).final === isFinal)
      const expected = codes.map((code) => [code, meaningOf(code).what, meaningOf(code).remedy])
      assert.deepEqual(rowsUnder(pages.secondary, heading), expected)
    }
    for (const say of [messages.asking, messages.waitsForConfig])
      assert.match(pages.secondary, new RegExp(`\`${say('').split(':')[0]}\``))
  })

  it('show examples that are what they claim to be', () => {
    const schemas = { Bootstrap: bootstrapSchema, Cluster: clusterSchema } as const
    const examples = pageNames.flatMap((page) => examplesIn(pages[page]))
    assert.deepEqual(
      new Set(examples.map(({ kind }) => kind)),
      new Set(['Bootstrap', 'Cluster', 'Secret', 'ConfigMap']),
    )
    for (const example of examples) {
      const schema = schemas[example['kind'] as keyof typeof schemas]
      if (schema === undefined) continue
      // What the schema does not know is not in what it gives back.
      assert.partialDeepStrictEqual(schema.parse(example), example)
    }
  })

  it('link to headings and pages that exist', () => {
    for (const page of pageNames)
      for (const { path, anchor } of linksIn(pages[page])) {
        const target = path === '' ? pages[page] : readFileSync(join(root, 'docs/spec', path), 'utf8')
        const headings = [...target.matchAll(/^#+ (.*)$/gm)].map(([, text = '']) =>
          text
            .toLowerCase()
            .replaceAll(/[^a-z0-9 -]/g, '')
            .replaceAll(' ', '-'),
        )
        assert.ok(anchor === '' || headings.includes(anchor), `${page}.md links to ${path}#${anchor}`)
      }
  })
})

type ReasonTable = Readonly<Record<'True' | 'False' | 'Unknown', readonly Reason[]>>

function assertConditions(page: string, table: Readonly<Record<string, ReasonTable>>): void {
  const given = new Set(sources('primary/**').flatMap(({ text }) => reasonsIn(text)))
  const rows = Object.entries(table).flatMap(([type, statuses]) =>
    (['True', 'False', 'Unknown'] as const).flatMap((status) =>
      statuses[status].map((reason) => [type, status, reason, reasons[reason]] as const),
    ),
  )
  assert.deepEqual(
    rowsUnder(page, 'Conditions'),
    rows.filter(([, , reason]) => given.has(reason)),
  )
  assert.deepEqual(
    rowsUnder(page, 'Not reported yet'),
    rows.filter(([, , reason]) => !given.has(reason)),
  )
}

function reasonsOf(table: ReasonTable): readonly Reason[] {
  return [...table.True, ...table.False, ...table.Unknown]
}

/** The reasons that a source names as text. */
function reasonsIn(text: string): readonly Reason[] {
  const words = [...text.matchAll(/'([A-Z][A-Za-z]+)'/g)].map(([, word = '']) => word)
  return words.filter((word): word is Reason => Object.hasOwn(reasons, word))
}

function sources(folder: string): readonly { readonly path: string; readonly text: string }[] {
  const cwd = join(root, 'src')
  return globSync(`${folder}/*.ts`, { cwd }).map((path) => ({ path, text: readFileSync(join(cwd, path), 'utf8') }))
}
