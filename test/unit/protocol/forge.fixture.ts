/** Writes JWS that no honest party would write: any header text, any payload, signed for real. */
import { sign } from 'node:crypto'
import type { SigningKey } from '../../../src/protocol/keys.ts'

const part = (value: unknown) => {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url')
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')
}

/** A compact JWS whose signature over exactly this header and payload is good. Text and bytes are taken as they are. */
export function forge(key: SigningKey, header: unknown, payload: unknown): string {
  const signed = `${part(header)}.${part(payload)}`
  return `${signed}.${sign(null, Buffer.from(signed), key.private).toString('base64url')}`
}

/** The message with one of its three parts replaced. */
export function withPart(compact: string, index: 0 | 1 | 2, text: string): string {
  return compact.split('.').with(index, text).join('.')
}

/** What a message claims, unverified. */
export function claimsOf(compact: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(compact.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}
