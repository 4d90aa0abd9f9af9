/** A kubeconfig file for one user of one control plane. */
import { readFile, writeFile } from 'node:fs/promises'
import { parse, stringify } from 'yaml'
import { Redacted } from '../../src/lib/redacted.ts'

export interface KubeconfigInput {
  /** Name of the cluster and of the context. */
  readonly name: string
  readonly url: string
  /** PEM certificates that the server's certificate is verified with. */
  readonly certificateAuthority: string
  readonly user: string
  readonly token: Redacted<string>
  /** Where commands without a namespace go; `default` when absent. */
  readonly namespace?: string
}

/** The file is readable by this user only, as it contains the token. */
export async function writeKubeconfig(path: string, input: KubeconfigInput): Promise<void> {
  const { name, url, user, namespace } = input
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: {
          server: url,
          'certificate-authority-data': Buffer.from(input.certificateAuthority).toString('base64'),
        },
      },
    ],
    users: [{ name: user, user: { token: input.token.reveal() } }],
    contexts: [{ name, context: { cluster: name, user, ...(namespace === undefined ? {} : { namespace }) } }],
  }
  // Go's parsers read YAML 1.1, where a namespace called `y` or `no` needs quotes.
  await writeFile(path, stringify(kubeconfig, { version: '1.1' }), { mode: 0o600 })
}

/** The token of the user in a file that `writeKubeconfig` has written. */
export async function readToken(path: string): Promise<Redacted<string>> {
  const { users } = parse(await readFile(path, 'utf8')) as { users: readonly { user: { token: string } }[] }
  const [only] = users
  if (only === undefined) throw new Error(`${path} has no user`)
  return new Redacted(only.user.token)
}
