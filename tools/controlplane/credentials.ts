/**
 * What the API server of a test bed identifies its users by: tokens of the two built-in users and the key pair of
 * service account tokens. Owns these files; the serving certificate is made by the API server itself.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Redacted } from '../../src/lib/redacted.ts'

export interface Credentials {
  readonly adminToken: Redacted<string>
  readonly controllerManagerToken: Redacted<string>
  /** Paths of the files that the servers read. */
  readonly tokenFile: string
  readonly serviceAccountPrivateKey: string
  readonly serviceAccountPublicKey: string
}

/** Makes all credentials of one control plane and writes them into `directory`, readable by this user only. */
export async function createCredentials(directory: string): Promise<Credentials> {
  const adminToken = randomBytes(32).toString('base64url')
  const controllerManagerToken = randomBytes(32).toString('base64url')
  const credentials = {
    adminToken: new Redacted(adminToken),
    controllerManagerToken: new Redacted(controllerManagerToken),
    tokenFile: join(directory, 'tokens.csv'),
    serviceAccountPrivateKey: join(directory, 'service-account.key'),
    serviceAccountPublicKey: join(directory, 'service-account.pub'),
  }
  // Two users, so that the audit log tells a person's writes from a controller's.
  const users = [
    `${adminToken},admin,admin,"system:masters"`,
    `${controllerManagerToken},system:kube-controller-manager,controller-manager,"system:masters"`,
  ]
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  await writeFile(credentials.tokenFile, `${users.join('\n')}\n`, { mode: 0o600 })
  await writeFile(credentials.serviceAccountPrivateKey, privateKey.export({ type: 'pkcs8', format: 'pem' }), {
    mode: 0o600,
  })
  await writeFile(credentials.serviceAccountPublicKey, publicKey.export({ type: 'spki', format: 'pem' }))
  return credentials
}
