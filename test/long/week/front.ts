/** What stands between members and replicas: it leads each new connection to a replica that answers, and can cut a member off or hide a replica. */
import { ProtocolError } from '../../../src/protocol/errors.ts'
import type { Answer } from '../../../src/secondary/primary-client/answer.ts'
import type { PrimaryLine } from '../../../src/secondary/primary-client/line.ts'
import type { Journal } from './journal.ts'
import type { Endpoints, Replica } from './replica.ts'
import type { Rest } from './rest.ts'

export interface Front {
  /** The address that everybody is told; nobody listens there. */
  readonly url: string
  /** The line of a member, led to a replica. */
  through(line: PrimaryLine, member: string, way: keyof Endpoints): PrimaryLine
  cutOff(member: string, isCut: boolean): void
}

export interface FrontDeps {
  /** Those that members can reach now. */
  readonly replicas: () => readonly Replica[]
  readonly elapsed: () => number
  readonly rest: Rest
  readonly random: () => number
  readonly journal: Journal
}

/** So long a connection is used again, milliseconds. */
const idle = 30_000

export function createFront({ replicas, elapsed, rest, random, journal }: FrontDeps): Front {
  const url = 'http://primary.test'
  const cutOff = new Set<string>()

  function through(line: PrimaryLine, member: string, way: keyof Endpoints): PrimaryLine {
    let connected: { readonly endpoint: string; readonly usedAt: number } | undefined

    function lead(isNew: boolean): string {
      if (cutOff.has(member)) throw new ProtocolError('ConnectTimeout', `no connection to ${url} within 5 s`)
      const endpoints = replicas().flatMap((replica) => (replica.isServing() ? [replica.endpoints[way]] : []))
      const isKept = !isNew && connected !== undefined && elapsed() - connected.usedAt < idle
      const before = isKept ? connected?.endpoint : undefined
      const endpoint = endpoints.find((open) => open === before) ?? endpoints[Math.floor(random() * endpoints.length)]
      if (endpoint === undefined) throw new ProtocolError('ConnectRefused', `${url} refuses connections`)
      connected = { endpoint, usedAt: elapsed() }
      return endpoint
    }

    return {
      introduce: async (_endpoint, asker, signal) => rest.during(line.introduce(lead(true), asker, signal)),
      async post(_endpoint, path, request, signal) {
        const replica = lead(false)
        const answer = await rest.during(line.post(replica, path, request, signal))
        // Most are heartbeats of members, which are no news.
        if (answer.status !== 200 || !path.endsWith('/heartbeat'))
          journal.note(member, 'was answered', { path, replica, status: answer.status, code: codeOf(answer) })
        return answer
      },
      close: () => line.close(),
    }
  }

  return {
    url,
    through,
    cutOff(member, isCut) {
      if (isCut) cutOff.add(member)
      else cutOff.delete(member)
    },
  }
}

/** Of what is not signed. */
function codeOf({ body }: Answer): unknown {
  return typeof body === 'object' && body !== null && 'code' in body ? body.code : undefined
}
