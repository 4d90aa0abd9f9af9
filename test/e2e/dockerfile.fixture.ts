/** Reads a Dockerfile: its stages, and of each what the tests look at. Knows the instructions that ours has. */

interface Copy {
  /** The stage it comes from; undefined for the project itself. */
  readonly from: string | undefined
  readonly sources: readonly string[]
  readonly destination: string
}

export interface Stage {
  readonly base: string
  readonly copies: readonly Copy[]
  readonly entrypoint: readonly string[]
  readonly user: string
  /** `ARG`, `ENV` and `LABEL`, as they are written. */
  readonly settings: string
}

interface Instruction {
  readonly name: string
  readonly rest: string
}

/** The stages, in their order. */
export function readDockerfile(text: string): readonly Stage[] {
  const lines = text.replaceAll(/^#.*$/gm, '').replaceAll('\\\n', ' ').split('\n')
  const instructions = lines.flatMap((line): Instruction[] => {
    const [, name, rest] = /^([A-Z]+) +(.*)$/.exec(line.trim()) ?? []
    return name === undefined || rest === undefined ? [] : [{ name, rest }]
  })
  const starts = instructions.flatMap(({ name }, index) => (name === 'FROM' ? [index] : []))
  return starts.map((start, stage) => readStage(instructions.slice(start, starts[stage + 1])))
}

function readStage(instructions: readonly Instruction[]): Stage {
  const all = (wanted: string) => instructions.filter(({ name }) => name === wanted).map(({ rest }) => rest)
  return {
    base: all('FROM')[0]?.replace(/^--platform=\S+ /, '') ?? '',
    copies: all('COPY').map(readCopy),
    entrypoint: JSON.parse(all('ENTRYPOINT')[0] ?? '[]') as string[],
    user: all('USER')[0] ?? '',
    settings: [...all('ARG'), ...all('ENV'), ...all('LABEL')].join('\n'),
  }
}

function readCopy(rest: string): Copy {
  const [, from, paths = ''] = /^(?:--from=(\S+) +)?(.*)$/.exec(rest) ?? []
  const words = paths.split(/ +/)
  return { from, sources: words.slice(0, -1), destination: words.at(-1) ?? '' }
}
