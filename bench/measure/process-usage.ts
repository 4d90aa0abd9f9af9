/** What a process has used so far, as the kernel accounts for it. Linux only. */
import { readdir, readFile } from 'node:fs/promises'

export interface Usage {
  /** CPU time in user and kernel mode, milliseconds, of all threads; the kernel counts in steps of ten. */
  readonly cpuMs: number
  /** Resident memory now, bytes. */
  readonly rss: number
}

/** Linux reports times in this unit whatever the kernel's own tick is (USER_HZ). */
const msPerTick = 10

/** Throws where there is no such process. */
export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ])
  // The command's name stands in parentheses and may hold anything; utime and stime are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const rssKiB = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
  return { cpuMs: (Number(fields[11]) + Number(fields[12])) * msPerTick, rss: rssKiB * 1024 }
}

/** CPU milliseconds of several processes while `work` ran, by their names. */
export async function cpuDuring<T>(
  pids: Readonly<Record<string, number>>,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly ms: number; readonly cpuMs: Readonly<Record<string, number>> }> {
  const look = async () =>
    Object.fromEntries(
      await Promise.all(Object.entries(pids).map(async ([name, pid]) => [name, (await usageOf(pid)).cpuMs] as const)),
    )
  const before = await look()
  const startedAt = performance.now()
  const result = await work()
  const ms = performance.now() - startedAt
  const after = await look()
  const cpuMs = Object.fromEntries(Object.keys(pids).map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]))
  return { result, ms, cpuMs }
}

/** The servers of a control plane, found by the directory that they alone were given. */
export async function serverPids(
  directory: string,
): Promise<{ readonly etcd: number; readonly 'kube-apiserver': number }> {
  const found = new Map<string, number>()
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const [command = '', ...args] = (await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '')).split('\0')
    if (!args.some((arg) => arg.includes(`${directory}/`))) continue
    found.set(command.slice(command.lastIndexOf('/') + 1), Number(entry))
  }
  return { etcd: pidOf(found, 'etcd'), 'kube-apiserver': pidOf(found, 'kube-apiserver') }
}

function pidOf(found: ReadonlyMap<string, number>, name: string): number {
  const pid = found.get(name)
  if (pid === undefined) throw new Error(`the control plane has no process ${name}`)
  return pid
}
