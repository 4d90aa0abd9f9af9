/**
 * The fields that messages are made of, each with its exact form. Text that arrives is bounded here and nowhere else.
 * Unknown members of bodies and claims are ignored: a change of meaning is a new protocol version.
 */
import { z } from 'zod'

/** Base64url of exactly `bytes` bytes; that it is canonical is checked where it is decoded. */
const base64urlOf = (bytes: number) => {
  const length = Math.ceil((bytes * 4) / 3)
  return z.string().regex(new RegExp(`^[A-Za-z0-9_-]{${length}}$`))
}

export const tokenId = base64urlOf(12)
export const thumbprint = base64urlOf(32)
export const hash = base64urlOf(32)
export const publicKeyText = base64urlOf(32)
export const exchangeKey = base64urlOf(32)
/** The joiner's nonce. */
export const clientNonce = base64urlOf(16)
/** The primary's nonce; see `nonce.ts`. */
export const serverNonce = base64urlOf(40)

/** UID of a `kube-system` namespace. */
export const clusterUid = z.string().regex(/^[A-Za-z0-9-]{1,64}$/)

/** A cluster's name is also the value of a label, which holds no more. */
export const maxNameLength = 63

/** RFC 1123 subdomain, written so that every text matches in one way only: linear in JavaScript and fit for RE2. */
export const namePattern = /^[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*$/

export const clusterName = z.string().max(maxNameLength).regex(namePattern)

/** Free text from a member: versions, health words, ids of its own. */
export const freeText = z.string().regex(/^[A-Za-z0-9.+_-]{1,64}$/)

export const url = z.string().min(1).max(2048)

/** Whole seconds since the epoch. */
export const time = z.int().nonnegative()

/** RFC 1123 label: a namespace or a Helm release. */
const dnsLabel = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/)

/** What a secondary says of its installation. */
export const k10 = z.object({
  namespace: dnsLabel,
  releaseName: dnsLabel,
  ingress: z.object({ url }).exactOptional(),
})

export const versions = z.object({ operator: freeText, kubernetes: freeText })

/** A member's; what it may report in all fits into a request with room to spare. */
export const maxLabels = 32

/** Labels that a member reports: bounded here, and judged where they are taken over. */
export const labels = z
  .record(z.string().min(1).max(317), z.string().max(63))
  .refine((map) => Object.keys(map).length <= maxLabels)

/** The primary's signing keys: the current one, and the next as a JWS `mcj-key+jwt` by the current one. */
export const keys = z.object({
  current: z.object({ kid: thumbprint, x: publicKeyText }),
  next: z.string().max(2048).optional(),
})

/** A list of endpoints that a primary names. */
export const endpoints = z.array(url).max(10)

/** Seconds between two heartbeats. */
export const interval = z.number().positive()

/** Several compact JWS fit into it; what is inside is judged by its own schema. */
export const compactJws = z
  .string()
  .min(1)
  .max(16 * 1024)

export type K10 = z.infer<typeof k10>
export type Versions = z.infer<typeof versions>
export type PrimaryKeys = z.infer<typeof keys>
