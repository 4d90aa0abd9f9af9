/** How the primary reads a body: strict UTF-8, strict JSON. What is in it is judged by the schema of the message. */
import { fromUtf8 } from '../protocol/encoding.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { parseStrictJson } from '../protocol/strict-json.ts'

/** Throws `ProtocolError` `Malformed`. */
export function readBody(body: Buffer): unknown {
  const text = fromUtf8(body)
  if (text === undefined) throw new ProtocolError('Malformed', 'the body is not UTF-8')
  try {
    return parseStrictJson(text)
  } catch (error) {
    throw new ProtocolError('Malformed', 'the body is not well-formed JSON', { cause: error })
  }
}
