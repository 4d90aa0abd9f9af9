/**
 * When a world has come to rest: no promise runs on. WebCrypto works on other threads, and which of two signatures is ready
 * first would be the machine's choice: here the same functions of OpenSSL run on this thread, at once.
 */
import { KeyObject, sign, verify, type webcrypto } from 'node:crypto'

export interface Rest {
  rest(): Promise<void>
  /** Gives the real functions back. */
  end(): void
}

type Key = webcrypto.CryptoKey
type Bytes = Uint8Array<ArrayBuffer>

const onThisThread = {
  sign: async (_algorithm: unknown, key: Key, data: Bytes) => sign(null, data, KeyObject.from(key)),
  verify: async (_algorithm: unknown, key: Key, signature: Bytes, data: Bytes) =>
    verify(null, data, KeyObject.from(key), signature),
}

export function createRest(): Rest {
  const { subtle } = crypto
  const { noDeprecation } = process
  // To read a key that cannot be exported is not for everybody, and Node says so.
  process.noDeprecation = true
  Object.assign(subtle, onThisThread)
  return {
    rest: turn,
    end() {
      // Own properties hide the real functions, which their prototype has.
      for (const name of Object.keys(onThisThread)) Reflect.deleteProperty(subtle, name)
      process.noDeprecation = noDeprecation ?? false
    },
  }
}

/** Of the event loop: it comes after every promise that is ready, and after those that these make ready. */
async function turn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}
