/**
 * The calls of jose, tweetnacl and node:crypto that the steps of the protocol rest on, each alone and nothing around it, and
 * what node:crypto and tweetnacl would do in their place. Signatures are Ed25519, hashes SHA-256.
 */
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  sign,
  verify,
} from 'node:crypto'
import { CompactSign, compactVerify } from 'jose'
import nacl from 'tweetnacl'
import type { SigningKey } from '../../src/protocol/keys.ts'
import type { Work } from '../measure/in-turn.ts'

export type BareCall =
  | 'jose sign'
  | 'jose verify'
  | 'node sign'
  | 'node verify'
  | 'node import, private'
  | 'node import, public'
  | 'node HMAC'
  | 'node HKDF'
  | 'node X25519 key'
  | 'node X25519'
  | 'nacl secretbox'
  | 'nacl box'

export interface Call {
  readonly name: BareCall
  readonly once: Work
}

/** All of them over the same message and the same key, which the calls know already unless they say otherwise. */
export async function bareCalls(key: SigningKey, message: string): Promise<readonly Call[]> {
  const payload = Buffer.from(message)
  const header = { alg: 'Ed25519', typ: 'bench', kid: key.thumbprint }
  const algorithms = ['Ed25519']
  const joseSign = async () => new CompactSign(payload).setProtectedHeader(header).sign(key.private)
  const compact = await joseSign()
  const signed = Buffer.from(compact.slice(0, compact.lastIndexOf('.')))
  const signature = sign(null, signed, key.private)
  const raw = Buffer.from(key.x, 'base64url')
  const importPublic = async () => crypto.subtle.importKey('raw', raw, 'Ed25519', false, ['verify'])
  const verifier = await importPublic()
  const object = createPublicKey(key.private)
  const der = key.private.export({ type: 'pkcs8', format: 'der' })
  const secret = randomBytes(32)
  const macKey = createSecretKey(secret)
  const mine = generateKeyPairSync('x25519')
  const theirs = generateKeyPairSync('x25519')
  const nonce = randomBytes(nacl.box.nonceLength)
  const pair = nacl.box.keyPair()
  const calls: Readonly<Record<BareCall, Work>> = {
    'jose sign': joseSign,
    'jose verify': async () => compactVerify(compact, verifier, { algorithms }),
    'node sign': () => sign(null, signed, key.private),
    'node verify': () => verify(null, signed, object, signature),
    'node import, private': () => createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }),
    'node import, public': importPublic,
    'node HMAC': () => createHmac('sha256', macKey).update(payload).digest(),
    'node HKDF': () => hkdfSync('sha256', secret, '', 'bench', 32),
    'node X25519 key': () => generateKeyPairSync('x25519'),
    'node X25519': () => diffieHellman({ privateKey: mine.privateKey, publicKey: theirs.publicKey }),
    'nacl secretbox': () => nacl.secretbox(payload, nonce, secret),
    'nacl box': () => nacl.box(payload, nonce, pair.publicKey, pair.secretKey),
  }
  return Object.entries(calls).map(([name, once]) => ({ name: name as BareCall, once }))
}
