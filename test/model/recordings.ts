/** Real answers that somebody in the middle has kept: which of them he gives in the place of the one that is due. Pure. */
import type { Message, WireAnswer } from './world/network.ts'

interface Recording {
  readonly message: Message
  readonly answer: WireAnswer
}

/** Undefined where he has none that would do. */
export interface Recordings {
  /** The last one to the same question, whoever asked. */
  last(asked: Message): WireAnswer | undefined
  /** The last signed one that the asker itself has had to such a question. */
  of(asked: Message, isWanted: (answer: WireAnswer) => boolean): WireAnswer | undefined
  /** The last signed one that somebody else has had to such a question. */
  ofAnother(asked: Message): WireAnswer | undefined
}

export function recordings(seen: readonly Recording[]): Recordings {
  const last = (isWanted: (recording: Recording) => boolean) => seen.findLast(isWanted)?.answer
  return {
    last: ({ path }) => last(({ message }) => message.path === path),
    of: (asked, isWanted) =>
      last(
        ({ message, answer }) =>
          isSigned(answer) && message.from === asked.from && isSameQuestion(message, asked) && isWanted(answer),
      ),
    ofAnother: (asked) =>
      last(({ message, answer }) => isSigned(answer) && message.from !== asked.from && isSameQuestion(message, asked)),
  }
}

const isSigned = ({ mediaType }: WireAnswer) => mediaType === 'application/json'

/** Heartbeats are one question, under whatever name. */
function isSameQuestion(a: Message, b: Message): boolean {
  return wordOf(a) === wordOf(b)
}

function wordOf({ path }: Message): string {
  return path.slice(path.lastIndexOf('/'))
}
