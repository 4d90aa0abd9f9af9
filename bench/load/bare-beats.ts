/** Measures what heartbeats would cost that are nothing but an empty request, one verification and one signature. */
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent } from 'undici'
import { cpuDuring } from '../measure/process-usage.ts'
import { forkTethered } from './tethered.ts'

export interface BareBeats {
  /** Requests a second. */
  readonly rate: number
  /** Milliseconds. */
  readonly lasting: number
  readonly connections: number
}

const tickMs = 5
const warmUpMs = 2_000

/** Percent of one core that they take of the process that answers them. */
export async function bareBeatShare({ rate, lasting, connections }: BareBeats): Promise<number> {
  const server = forkTethered('bare-server-process.ts')
  const agent = new Agent({ connections })
  try {
    const [port] = (await once(server, 'message')) as [number]
    const send = async () => {
      const answer = await agent.request({ origin: `http://127.0.0.1:${port}`, path: '/', method: 'POST', body: '{}' })
      await answer.body.dump()
    }
    await sendEvenly(send, rate, warmUpMs)
    const { ms, cpuMs } = await cpuDuring({ server: server.pid ?? -1 }, async () => sendEvenly(send, rate, lasting))
    return ((cpuMs['server'] ?? Number.NaN) / ms) * 100
  } finally {
    await agent.close()
    server.kill()
  }
}

async function sendEvenly(send: () => Promise<void>, rate: number, lasting: number): Promise<void> {
  const startedAt = performance.now()
  const sent: Promise<void>[] = []
  for (let elapsed = 0; elapsed < lasting; elapsed = performance.now() - startedAt) {
    while (sent.length < (elapsed / 1000) * rate) sent.push(send())
    await pause(tickMs)
  }
  await Promise.all(sent)
}
