/** Starts kube-apiserver on a free port and waits until it is ready. Must not know what runs beside it. */
import { readFile } from 'node:fs/promises'
import { type AdminClient, createAdminClient } from './admin-client.ts'
import type { Credentials } from './credentials.ts'
import { freePort } from './ports.ts'
import { apiServerCommand, type Layout } from './servers.ts'
import type { Supervision } from './supervision.ts'

export interface ApiServer {
  readonly url: string
  readonly admin: AdminClient
  /** PEM certificates that its serving certificate is verified with. */
  readonly certificateAuthority: string
  /** Starts it again after it was killed, on the same port; resolves when it is ready. */
  start(): Promise<void>
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>
}

export interface ApiServerDeps {
  readonly supervision: Supervision
  readonly binary: string
  readonly layout: Layout
  readonly credentials: Credentials
  readonly extraFlags: readonly string[]
}

/** How many ports are tried when others take them between our look and the server's. */
const portAttempts = 5

/** Resolves when the server is ready, which includes its own namespaces and roles. */
export async function startApiServer(deps: ApiServerDeps): Promise<ApiServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOn(await freePort(), deps)
    } catch (error) {
      const clash = error instanceof Error && error.message.includes('address already in use')
      if (!clash || attempt === portAttempts) throw error
    }
  }
}

async function startOn(port: number, deps: ApiServerDeps): Promise<ApiServer> {
  const { supervision, layout, credentials } = deps
  const command = apiServerCommand(deps.binary, layout, credentials, port, deps.extraFlags)
  const url = `https://127.0.0.1:${port}`
  const start = async () => {
    await supervision.start(command)
    return supervision.untilReady(command.name, async () => {
      // The server makes its certificate when it first starts, so this fails a few times before it can be asked.
      const certificateAuthority = await readFile(layout.certificates, 'utf8')
      const admin = createAdminClient(url, certificateAuthority, credentials.adminToken)
      const { status } = await admin.send('GET', '/readyz')
      return status === 200 ? { admin, certificateAuthority } : undefined
    })
  }
  return {
    url,
    ...(await start()),
    start: async () => {
      await start()
    },
    kill: async () => supervision.kill(command.name),
  }
}
