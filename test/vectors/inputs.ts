/** What all test vectors are made from: two parties, a time, and bytes that are the same in every run. */

import { createHash } from 'node:crypto'
import type { RandomBytes } from '../../src/protocol/encoding.ts'
import { createIssuer, type Issuer } from '../../src/protocol/issuer.ts'
import { signingKeyFromSeed } from '../../src/protocol/keys.ts'

/** Milliseconds since the epoch at which everything happens. */
export const now = 1_800_000_000_000
export const primaryUid = '6f1c1a52-8a3c-4a83-9f0b-0d6a2c1f3b01'
export const secondaryUid = 'b2a4f0de-51c7-4e0e-8a6d-7f3a90c2e402'
export const endpoint = 'https://primary.example.com/k10'
export const primary = signingKeyFromSeed(bytesOf('primary', 32))
export const secondary = signingKeyFromSeed(bytesOf('secondary', 32))
export const issuer: Issuer = createIssuer(primaryUid, primary)
export const versions = { operator: '0.1.0', kubernetes: 'v1.36.3' }

/** Bytes that depend on the label alone: SHAKE256 of it. */
export function bytesOf(label: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(`mcj/1 ${label}`).digest()
}

export function base64url(label: string, length: number): string {
  return bytesOf(label, length).toString('base64url')
}

/** Gives these, one after the other; anything else that is drawn is a change of the protocol. */
export function inOrder(...pieces: readonly Buffer[]): RandomBytes {
  const left = [...pieces]
  return (length) => {
    const next = left.shift()
    if (next?.length !== length) throw new RangeError(`${length} random bytes are drawn that the vectors do not have`)
    return next
  }
}

export function replaceAt(text: string, index: number, character: string): string {
  return text.slice(0, index) + character + text.slice(index + 1)
}

export function encode(text: string): string {
  return Buffer.from(text).toString('base64')
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
