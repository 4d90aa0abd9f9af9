import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { watchRows } from '../../../src/cli/commands/clusters-watch.ts'

type Row = readonly string[]

/** What is printed and said when each look gives the next of these tables; the last one ends with Ctrl-C. */
async function watched(tables: readonly (readonly Row[])[]): Promise<{ printed: string[]; said: string[] }> {
  const printed: string[] = []
  const said: string[] = []
  const stop = new AbortController()
  let look = 0
  const surroundings = {
    print: (text: string) => void printed.push(text),
    say: (text: string) => void said.push(text),
    signal: stop.signal,
    clock: {
      now: () => 0,
      monotonic: () => 0,
      after: () => () => undefined,
      sleep: async () => {
        if (look === tables.length) stop.abort(new Error('interrupted'))
        stop.signal.throwIfAborted()
      },
    },
  }
  const read = async () => {
    const rows = tables[look] ?? []
    look += 1
    return { clusters: [], rows }
  }
  await assert.rejects(watchRows(surroundings, read, false), /interrupted/)
  const lines = printed
    .join('')
    .split('\n')
    .filter((line) => line !== '')
  return { printed: lines.map((line) => line.replaceAll(/ +/g, ' ')), said }
}

const east: Row = ['east', 'secondary', 'True', 'Joined', 'v1.36.3', '1s', '1d']
const west: Row = ['west', 'secondary', 'True', 'Joined', 'v1.36.3', '1s', '1d']

describe('a watch of clusters', () => {
  it('prints the table, and then nothing while only time goes by', async () => {
    const later = [...east.slice(0, 5), '9s', '2d']
    const { printed } = await watched([[east], [later], [later]])
    assert.deepEqual(printed, ['NAME TYPE READY REASON VERSION LAST-SEEN AGE', east.join(' ')])
  })

  it('prints a row again that says something new, and a new one', async () => {
    const lost = ['east', 'secondary', 'Unknown', 'NoHeartbeat', 'v1.36.3', '3m', '1d']
    const { printed } = await watched([[east], [lost], [lost, west]])
    assert.deepEqual(printed.slice(2), [lost.join(' '), west.join(' ')])
  })

  it('says which cluster is gone', async () => {
    const { said } = await watched([[east, west], [west]])
    assert.deepEqual(said, ['east is gone'])
  })
})
