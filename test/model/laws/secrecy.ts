/** No secret is in a log line, a status, an Event or a Cluster: what was secret in a world is searched for in all of them. */
import { otherKeys } from '../../../src/api/mc-identity.ts'
import { mcJoinStatusName } from '../../../src/api/mc-join-status.ts'
import type { StoredObject } from '../../support/memory-api/stored.ts'
import { textOf } from '../world/log-book.ts'
import type { World } from '../world/world.ts'
import { asSecret } from './stored.ts'

/** Where each secret that has come out was found, in words. */
export function disclosures(world: World): readonly string[] {
  const secrets = secretsOf(world)
  const isDisclosed = (text: string) => secrets.some((secret) => text.includes(secret))
  const lines = world.log.lines.filter((line) => isDisclosed(textOf(line))).map(({ message }) => `the log: ${message}`)
  return [
    ...lines,
    ...openObjects(world)
      .filter((object) => isDisclosed(JSON.stringify(object)))
      .map(nameOf),
  ].map((where) => `a secret is in ${where}`)
}

/** Parts that no whole can do without: the secret of each token, the middle of each private key, each proof of a token. */
function secretsOf({ primary, secondaries, network }: World): readonly string[] {
  const servers = [primary, ...secondaries.map(({ server }) => server)]
  const everStored = servers.flatMap(({ changes }) =>
    changes.flatMap(({ plural, after }) => (plural === 'secrets' && after !== undefined ? [asSecret(after)] : [])),
  )
  const values = everStored.flatMap(({ data = {} }) => [
    data['token'],
    data['key'],
    ...Object.values(otherKeys).map((name) => data[name]),
  ])
  const texts = values.flatMap((value) => (value === undefined ? [] : [Buffer.from(value, 'base64').toString()]))
  const sent = network.seen.flatMap(({ message }) => message.headers['authorization']?.split('.')[2] ?? [])
  const parts = texts.flatMap((text) => (text.startsWith('mcj1.') ? text.split('.')[2] : text.split('\n')[1]) ?? [])
  return [...new Set([...parts, ...sent])].filter((part) => part.length > 20)
}

/** Everything that is not a Secret, and `mc-join-status`. */
function openObjects({ primary, secondaries }: World): readonly StoredObject[] {
  const plurals = ['clusters', 'bootstraps', 'configmaps', 'events', 'leases']
  const statuses = secondaries.flatMap(({ server }) => server.get('secrets', mcJoinStatusName) ?? [])
  const servers = [primary, ...secondaries.map(({ server }) => server)]
  return [...servers.flatMap((server) => plurals.flatMap((plural) => server.all(plural))), ...statuses]
}

const nameOf = ({ metadata }: StoredObject) => metadata.name
