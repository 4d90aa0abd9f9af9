/** Cuts a stream of bytes into lines. It knows nothing of what the lines mean. */

const lineFeed = 0x0a

/**
 * The lines of a byte stream without their ends; empty ones are left out, and so is an unfinished last one, which only
 * a connection that broke leaves behind. Bytes are joined before they are decoded, so a chunk may end inside a
 * character.
 */
export async function* splitLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  let pending: Uint8Array[] = []
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      pending.push(chunk.subarray(start, end))
      const line = Buffer.concat(pending).toString('utf8').trim()
      pending = []
      start = end + 1
      if (line !== '') yield line
    }
    if (start < chunk.length) pending.push(chunk.subarray(start))
  }
}
