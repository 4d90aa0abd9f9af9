import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { Logger } from '../../../../src/lib/logger.ts'
import { createSelfSignedCertificate } from '../../../../src/primary/server/certificate.ts'
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

it('what is no certificate in a CA bundle is told, once for each content, and the others are used', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'roots-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'ca.pem')
  const warnings: object[] = []
  const log: Logger = { ...silent, warn: (fields) => warnings.push(fields) }
  const roots = createRoots({ caBundleFile: file, log })
  const { certificatePem } = await createSelfSignedCertificate({ hosts: ['localhost'], days: 1, now: Date.now() })
  const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'
  for (const bundle of ['garbage', `${broken}${certificatePem}`, certificatePem, '\n']) {
    writeFileSync(file, bundle)
    roots()
    roots()
  }
  assert.deepEqual(warnings, [
    { file, usable: 0, unusable: 0 },
    { file, usable: 1, unusable: 1 },
  ])
})
