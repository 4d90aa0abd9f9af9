import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readCommandLine } from '../../../bench/command-line.ts'
import type { Section } from '../../../bench/figures.ts'

const known = ['join', 'beat', 'growth'].map(
  (name): Section => ({ name, question: '', run: async () => ({ figures: [], tables: [], curves: [] }) }),
)
const chosen = (...args: readonly string[]) => readCommandLine(args, known).sections.map(({ name }) => name)

describe('npm run bench', () => {
  it('runs everything where nothing is named, and what is named in its own order', () => {
    assert.deepEqual(chosen('--quick'), ['join', 'beat', 'growth'])
    assert.deepEqual(chosen('growth', 'join'), ['join', 'growth'])
  })

  it('says which sections there are where one is not', () => {
    assert.throws(() => chosen('joins'), { message: 'there is no section joins; there are join, beat, growth' })
  })

  it('does not put the figures of a quick run into the documentation', () => {
    assert.throws(() => chosen('--quick', '--save'), /leave out --quick or --save/)
  })

  it('knows the command that does the same again', () => {
    assert.equal(readCommandLine([], known).command, 'npm run bench')
    assert.equal(readCommandLine(['join', '--save'], known).command, 'npm run bench -- join --save')
  })
})
