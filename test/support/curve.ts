/**
 * Ed25519 without its price, for a run of many members in one process: the same keys, signatures and answers, but nothing
 * is worked out twice. WebCrypto does it on other threads, and which of two signatures is ready first would be the
 * machine's choice: here it is this thread's work, by the same functions of OpenSSL.
 */
import nodeCrypto, { createPublicKey, KeyObject, sign, verify, type webcrypto } from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'

type Key = webcrypto.CryptoKey
type Bytes = Uint8Array<ArrayBuffer>

/** A run has some hundreds of keys, and looks at a signature soon after it was made. */
const mostKnown = 2_000

const { createPrivateKey } = nodeCrypto
const { subtle } = crypto
const importKey = subtle.importKey.bind(subtle)

/** By PEM or DER. */
const privateKeys = new Map<string, KeyObject>()
/** By the 32 bytes of the public key. */
const verifiers = new Map<string, Promise<Key>>()
const keyObjects = new WeakMap<Key, KeyObject>()
/** The 32 bytes of a public key, or of the public half of a private one. */
const publicBytes = new WeakMap<Key, string>()
/** Who has signed what: such a signature is good, and needs no verifying. */
const signed = new Map<string, { readonly by: string; readonly data: Bytes }>()

const webCrypto = {
  async sign(_algorithm: unknown, key: Key, data: Bytes) {
    const signature = sign(null, data, keyObjectOf(key))
    remember(signed, latin(signature), { by: publicBytesOf(key), data })
    return signature
  },
  async verify(_algorithm: unknown, key: Key, signature: Bytes, data: Bytes) {
    const known = signed.get(latin(signature))
    if (known?.by === publicBytesOf(key) && Buffer.compare(known.data, data) === 0) return true
    return verify(null, data, keyObjectOf(key), signature)
  },
  async importKey(format: 'raw', bytes: Bytes, ...more: ['Ed25519', boolean, webcrypto.KeyUsage[]]) {
    const name = latin(bytes)
    return verifiers.get(name) ?? remember(verifiers, name, importKey(format, bytes, ...more))
  },
}

/** Takes the place of the real functions; gives what ends that. */
export function rememberCurve(): () => void {
  const { noDeprecation } = process
  // To read a key that cannot be exported is not for everybody, and Node says so.
  process.noDeprecation = true
  Object.assign(subtle, webCrypto)
  replaceCreatePrivateKey(rememberedPrivateKey)
  return () => {
    // Own properties hide the real functions, which their prototype has.
    for (const name of Object.keys(webCrypto)) Reflect.deleteProperty(subtle, name)
    replaceCreatePrivateKey(createPrivateKey)
    process.noDeprecation = noDeprecation ?? false
  }
}

function replaceCreatePrivateKey(by: typeof createPrivateKey): void {
  nodeCrypto.createPrivateKey = by
  syncBuiltinESMExports()
}

function rememberedPrivateKey(input: Parameters<typeof createPrivateKey>[0]): KeyObject {
  const text = typeof input === 'string' ? input : 'key' in input && Buffer.isBuffer(input.key) && latin(input.key)
  if (text === false) return createPrivateKey(input)
  return privateKeys.get(text) ?? remember(privateKeys, text, createPrivateKey(input))
}

function keyObjectOf(key: Key): KeyObject {
  const known = keyObjects.get(key) ?? KeyObject.from(key)
  keyObjects.set(key, known)
  return known
}

function publicBytesOf(key: Key): string {
  const known = publicBytes.get(key) ?? createPublicKeyOf(keyObjectOf(key)).export({ format: 'jwk' }).x ?? ''
  publicBytes.set(key, known)
  return known
}

function createPublicKeyOf(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key
}

function remember<T>(known: Map<string, T>, name: string, value: T): T {
  if (known.size >= mostKnown) known.clear()
  known.set(name, value)
  return value
}

const latin = (bytes: Uint8Array) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
