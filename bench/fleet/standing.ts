/** A primary that has just started and is asked nothing: how long it takes to be ready, and what it then takes to stand there. */
import { setTimeout as pause } from 'node:timers/promises'
import type { AuditEvent } from '../../tools/controlplane/audit-log.ts'
import { type RunningPrimary, usualPrimary } from '../../tools/installation.ts'
import { cpuDuring, usageOf } from '../measure/process-usage.ts'
import { scrape } from '../measure/scrape.ts'
import type { Pace } from '../pace.ts'
import type { BareClient } from './bare-client.ts'
import type { FleetSite } from './site.ts'
import { collectionPath } from './store.ts'

export interface Standing {
  readonly clusters: number
  /** From the start of the process until it serves and says that it is ready, milliseconds, of each start. */
  readonly starts: readonly number[]
  /** That a bare client takes to read the same objects, milliseconds, of each reading. */
  readonly readings: readonly number[]
  /** After it has stood there, bytes. */
  readonly rss: number
  readonly heapUsed: number
  /** How long it stood there, milliseconds. */
  readonly ms: number
  readonly cpuMs: number
  /** What the primary wrote meanwhile. */
  readonly writes: readonly AuditEvent[]
}

/** Of the product's own client. */
const pageSize = 500
const lookEvery = 5

/** The site holds so many Clusters already; no primary runs there. */
export async function observeStanding(site: FleetSite, clusters: number, pace: Pace): Promise<Standing> {
  const starts: number[] = []
  const readings: number[] = []
  for (let attempt = 1; ; attempt += 1) {
    readings.push(await timed(async () => readAll(site.client)))
    let primary: RunningPrimary | undefined
    starts.push(
      await timed(async () => {
        primary = await site.start('http')
        await untilReady(primary)
      }),
    )
    if (primary === undefined) throw new Error('the primary has not started')
    try {
      if (attempt === pace.starts) return { clusters, starts, readings, ...(await stand(site, primary, pace)) }
    } finally {
      await primary.stop()
    }
  }
}

async function stand({ controlPlane, user }: FleetSite, primary: RunningPrimary, { idleFor, settlesWithin }: Pace) {
  await pause(settlesWithin)
  const mark = await controlPlane.auditLog.mark()
  const { ms, cpuMs } = await cpuDuring({ primary: primary.pid }, async () => pause(idleFor))
  return {
    ms,
    cpuMs: cpuMs['primary'] ?? Number.NaN,
    rss: (await usageOf(primary.pid)).rss,
    heapUsed: (await scrape(primary))('nodejs_heap_size_used_bytes'),
    writes: await controlPlane.auditLog.writesSince(mark, { user }),
  }
}

async function untilReady(primary: RunningPrimary): Promise<void> {
  const { adminPort } = await primary.logged('it names its admin port', (line) => line['adminPort'] !== undefined)
  while (!(await fetch(`http://127.0.0.1:${String(adminPort)}/readyz`)).ok) await pause(lookEvery)
}

/** Page by page, one kind after the other. */
async function readAll(client: BareClient): Promise<void> {
  for (const plural of ['clusters', 'bootstraps'] as const) {
    let rest = ''
    do {
      const query = `?limit=${pageSize}&continue=${encodeURIComponent(rest)}`
      const page = await client.send('GET', collectionPath(usualPrimary.namespace, plural) + query)
      rest = (page as { metadata: { continue?: string } }).metadata.continue ?? ''
    } while (rest !== '')
  }
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}
