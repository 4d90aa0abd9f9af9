/**
 * JSON as the protocol reads it: duplicate members, prototype keys and deep nesting are refused, because `JSON.parse`
 * alone keeps the last of two equal members and another reader may keep the first.
 */

export const maxDepth = 8
const prototypeKeys = new Set(['__proto__', 'constructor', 'prototype'])

/** Whether a member of this name is refused wherever it stands. */
export function isPrototypeKey(name: string): boolean {
  return prototypeKeys.has(name)
}

/**
 * Parses JSON; throws `SyntaxError` for what is not JSON, repeats a member, nests deeper than 8 or names a prototype
 * key. The error repeats nothing of the text.
 */
export function parseStrictJson(text: string): unknown {
  // First, because the scan below is linear only over what is known to be JSON.
  const value = parse(text)
  assertStructure(text)
  return value
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The engine's error quotes the text, which may hold a secret: it is not kept as the cause either.
    throw new SyntaxError('not JSON')
  }
}

function assertStructure(text: string): void {
  const open: Set<string>[] = []
  for (const { token, end } of tokens(text)) {
    if (token === '{' || token === '[') {
      open.push(new Set())
      if (open.length > maxDepth) throw new SyntaxError(`JSON is nested deeper than ${maxDepth}`)
    } else if (token === '}' || token === ']') open.pop()
    else if (isFollowedByColon(text, end)) addMember(open.at(-1), JSON.parse(token) as string)
  }
}

function addMember(names: Set<string> | undefined, name: string): void {
  if (isPrototypeKey(name)) throw new SyntaxError('JSON names a prototype key')
  if (names?.has(name)) throw new SyntaxError('JSON repeats a member')
  names?.add(name)
}

/** Brackets and whole strings, in order; everything else is of no interest here. */
function* tokens(text: string): Generator<{ token: string; end: number }> {
  const pattern = /[{}[\]]|"(?:[^"\\]|\\.)*"/gs
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    yield { token: match[0], end: pattern.lastIndex }
  }
}

/** In JSON a string followed by a colon is a member name of the innermost object. */
function isFollowedByColon(text: string, index: number): boolean {
  let at = index
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1
  return text[at] === ':'
}
