/**
 * Command lines that a user can copy into a shell. Owns the quoting and the flags that lead kubectl to the right
 * cluster: names and addresses come from objects that others have written.
 */

/** How a cluster is reached; both absent: as kubectl does by itself. */
export interface Target {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}

/** A word that a shell takes as it stands. */
const plainWord = /^[\w@%+=:,./-]+$/

/** `kubectl …` against this cluster. */
export function kubectl(target: Target, ...args: readonly string[]): string {
  const flags = [
    ...(target.kubeconfig === undefined ? [] : ['--kubeconfig', target.kubeconfig]),
    ...(target.context === undefined ? [] : ['--context', target.context]),
  ]
  return ['kubectl', ...args, ...flags].map(quoted).join(' ')
}

/** One after the other, as long as they succeed. */
export function andThen(...commands: readonly string[]): string {
  return commands.join(' && ')
}

/** The output of the first is the input of the second. */
export function into(first: string, second: string): string {
  return `${first} | ${second}`
}

/** For POSIX shells: nothing is special between single quotes. */
function quoted(word: string): string {
  return plainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
