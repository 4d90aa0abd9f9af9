/** A walk-through in a document: commands after `$` in blocks marked `console`, each with the output that it promises. */

export interface Promised {
  readonly command: string
  readonly output: string
}

/** All commands of the document, in order. A command goes on in the next line after a backslash. */
export function walkthrough(markdown: string): readonly Promised[] {
  const blocks = [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, text = '']) => text)
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [, command = '', output = ''] = /^((?:.*\\\n)*.*)\n?([\s\S]*)$/.exec(part) ?? []
        return { command: command.replaceAll(/\\\n\s*/g, ''), output: output.trimEnd() }
      }),
  )
}

/** What differs from one run to the next. */
const volatile: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/LAST DEPLOYED: .*/g, 'LAST DEPLOYED: <time>'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uid>'],
  [/(conjoin-(?:primary|secondary))-[a-z0-9]{5}\b/g, '$1-<pod>'],
  [/(join-token-secret)-[a-z0-9]+\b/g, '$1-<id>'],
  [/\buid=[0-9a-f]{8}\b/g, 'uid=<uid>'],
  // Progress: one of its lines may be over before anybody has looked.
  [/^joining: .*\n/gm, ''],
  [/\b\d+(\.\d+)? ?(ms|s|seconds?|minutes?)\b( ago)?/g, '<duration>'],
  [/\b(\d+h)?(\d+m)?\d+s\b/g, '<duration>'],
  // Columns are as wide as what stands in them.
  [/ {2,}/g, '  '],
  [/ +$/gm, ''],
]

/** The output with everything that varies replaced by what it is. */
export function masked(output: string): string {
  let text = output.trimEnd()
  for (const [pattern, replacement] of volatile) text = text.replaceAll(pattern, replacement)
  return text
}
