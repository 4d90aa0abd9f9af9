/** The vector of what must be refused: messages that look like one of this primary, and keys that must not be used. */
import { forge } from '../unit/protocol/forge.fixture.ts'
import { primary, primaryUid, secondary, secondaryUid } from './inputs.ts'

/** What looks like a challenge of this primary and must not be taken for one, and keys that must not be used. */
export function refusedVector() {
  const header = { alg: 'Ed25519', typ: 'mcj-challenge+jwt' }
  const claims = { iss: primaryUid }
  const good = forge(primary, header, claims)
  const [head = '', body = '', signature = ''] = good.split('.')
  const messages: Readonly<Record<string, string>> = {
    'another type': forge(primary, { ...header, typ: 'mcj-result+jwt' }, claims),
    'no type': forge(primary, { alg: 'Ed25519' }, claims),
    'the old name of the algorithm': forge(primary, { ...header, alg: 'EdDSA' }, claims),
    'no algorithm': `${encodeUrl({ ...header, alg: 'none' })}.${body}.`,
    'a header member that is not known': forge(primary, { ...header, crit: ['exp'], exp: 1 }, claims),
    'a key of its own': forge(primary, { ...header, jwk: { kty: 'OKP', crv: 'Ed25519', x: primary.x } }, claims),
    'a member twice': forge(primary, '{"alg":"Ed25519","typ":"mcj-challenge+jwt","typ":"mcj-challenge+jwt"}', claims),
    'the signature of another key': forge(secondary, header, claims),
    'a signature that is cut off': `${head}.${body}.${signature.slice(0, -4)}`,
    'padding after the signature': `${good}==`,
    'a fourth part': `${good}.AA`,
    'claims that were changed': `${head}.${encodeUrl({ iss: secondaryUid })}.${signature}`,
  }
  const p = 2n ** 255n - 19n
  /** Little-endian, as both curves write a number. */
  const bytes = (value: bigint) =>
    Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed()).toString('base64url')
  return {
    publicKey: primary.x,
    typ: 'mcj-challenge+jwt',
    messages,
    signingKeys: {
      'small order: 1': bytes(1n),
      'small order: 0': bytes(0n),
      'small order: p - 1': bytes(p - 1n),
      'small order: of order 8': bytes(0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n),
      'small order: 1 with the sign bit': bytes(1n | (1n << 255n)),
      'not canonical: p + 3': bytes(p + 3n),
      'not 32 bytes: 31': Buffer.alloc(31, 7).toString('base64url'),
    },
    exchangeKeys: {
      'small order: 0': bytes(0n),
      'small order: 1': bytes(1n),
      'small order: of order 8': bytes(0x00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0n),
      'not canonical: p': bytes(p),
      'not canonical: the unused top bit set': bytes(9n | (1n << 255n)),
    },
  }
}

function encodeUrl(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
