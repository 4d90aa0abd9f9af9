/**
 * What a test does to the database behind an API server's back: through etcd's JSON gateway on the socket of the control
 * plane. Keys are those under which the API server keeps its objects.
 */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { ClusterAccess } from '../../tools/controlplane/access.ts'

export interface Etcd {
  /** Forgets all revisions up to now, as happens every five minutes in a cluster. */
  compact(): Promise<void>
  /** Removes an object of a built-in kind; throws where there is none. */
  remove(plural: string, key: { readonly namespace: string; readonly name: string }): Promise<void>
}

interface Answer {
  readonly header: { readonly revision: string }
  readonly deleted?: string
}

export function etcdOf(controlPlane: ClusterAccess): Etcd {
  const socketPath = path.join(controlPlane.dir, 'etcd.sock')

  async function post(endpoint: string, body: object): Promise<Answer> {
    const sent = request({ socketPath, path: endpoint, method: 'POST' })
    sent.end(JSON.stringify(body))
    const [answer] = (await once(sent, 'response')) as [IncomingMessage]
    const answered = await text(answer)
    if (answer.statusCode !== 200) throw new Error(`etcd: ${endpoint}: ${answer.statusCode} ${answered}`)
    return JSON.parse(answered) as Answer
  }

  return {
    async compact() {
      // A revision of our own: the same one cannot be compacted twice.
      const { header } = await post('/v3/kv/put', { key: base64('compacted'), value: '' })
      await post('/v3/kv/compaction', { revision: header.revision, physical: true })
    },
    async remove(plural, { namespace, name }) {
      const { deleted } = await post('/v3/kv/deleterange', { key: base64(`/registry/${plural}/${namespace}/${name}`) })
      if (deleted !== '1') throw new Error(`etcd has no ${plural} ${namespace}/${name}`)
    },
  }
}

function base64(key: string): string {
  return Buffer.from(key).toString('base64')
}
