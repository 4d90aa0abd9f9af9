import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { Logger } from '../../../../src/lib/logger.ts'
import { createRoots } from '../../../../src/secondary/primary-client/roots.ts'
import { silent } from '../lines.fixture.ts'

it('a CA bundle that cannot be read is told once, not with every connection, and again where it was there in between', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'roots-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'ca.pem')
  const warnings: string[] = []
  const log: Logger = { ...silent, warn: (_fields, message) => warnings.push(message) }
  const roots = createRoots({ caBundleFile: file, log })
  roots()
  roots()
  assert.deepEqual(warnings, ['cannot read the CA bundle'])
  writeFileSync(file, '')
  roots()
  rmSync(file)
  roots()
  assert.equal(warnings.length, 2)
})
