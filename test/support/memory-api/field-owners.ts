/**
 * Who owns which field of one object: what server-side apply rests on. It knows leaves and names of managers; what an
 * object may hold is not its concern.
 */
import { isSameJson, type Json, type JsonObject, type LeafName, leavesOf, withLeaf } from './json.ts'

/** By manager and kind of write: what was claimed by POST is not owned by an apply under the same name. */
export type FieldOwners = ReadonlyMap<string, ReadonlySet<LeafName>>

export const applierNamed = (manager: string) => `apply ${manager}`
export const writerNamed = (manager: string) => `update ${manager}`

export type Applied =
  | { readonly kind: 'applied'; readonly object: JsonObject; readonly owners: FieldOwners }
  | { readonly kind: 'conflict'; readonly leaf: LeafName }

/** What an apply makes of an object; `configuration` is what its manager means to own, and what it leaves out goes. */
export function apply(
  object: JsonObject,
  owners: FieldOwners,
  { owner, configuration, force }: { owner: string; configuration: JsonObject; force: boolean },
): Applied {
  const wanted = leavesOf(configuration)
  const present = leavesOf(object)
  const others = [...owners].filter(([name]) => name !== owner)
  const isOwnedByAnother = (leaf: LeafName) => others.some(([, leaves]) => leaves.has(leaf))
  const changed = [...wanted].filter(([leaf, value]) => present.has(leaf) && !isSameJson(present.get(leaf), value))
  const taken = changed.find(([leaf]) => isOwnedByAnother(leaf))
  if (taken !== undefined && !force) return { kind: 'conflict', leaf: taken[0] }
  const leftOut = [...(owners.get(owner) ?? [])].filter((leaf) => !wanted.has(leaf) && !isOwnedByAnother(leaf))
  const rest = leftOut.reduce((value, leaf) => withLeaf(value, leaf, undefined), object)
  const next = [...wanted].reduce((value, [leaf, content]) => withLeaf(value, leaf, content), rest)
  const lost = new Set(changed.map(([leaf]) => leaf))
  const kept = others.map(([name, leaves]) => [name, without(leaves, lost)] as const)
  return { kind: 'applied', object: next, owners: withFields([...kept, [owner, new Set(wanted.keys())]]) }
}

/** Who owns what after a write that is no apply: the writer owns what it has changed. */
export function ownersAfter(
  owners: FieldOwners,
  { owner, before, after }: { owner: string; before: JsonObject; after: JsonObject },
): FieldOwners {
  const old = leavesOf(before)
  const now = leavesOf(after)
  const changed = new Set([...now].flatMap(([leaf, value]) => (isSame(old, leaf, value) ? [] : [leaf])))
  const gone = new Set([...old.keys()].filter((leaf) => !now.has(leaf)))
  const kept = [...owners].map(([name, leaves]) => {
    const left = without(leaves, gone)
    return [name, name === owner ? new Set([...left, ...changed]) : without(left, changed)] as const
  })
  return withFields(owners.has(owner) ? kept : [...kept, [owner, changed]])
}

export function isSameOwnership(a: FieldOwners, b: FieldOwners): boolean {
  return (
    a.size === b.size &&
    [...a].every(([name, leaves]) => {
      const others = b.get(name)
      return others?.size === leaves.size && [...leaves].every((leaf) => others.has(leaf))
    })
  )
}

function isSame(old: ReadonlyMap<LeafName, Json>, leaf: LeafName, value: Json): boolean {
  return old.has(leaf) && isSameJson(old.get(leaf), value)
}

function withFields(owners: readonly (readonly [string, ReadonlySet<LeafName>])[]): FieldOwners {
  return new Map(owners.filter(([, leaves]) => leaves.size > 0))
}

function without(leaves: ReadonlySet<LeafName>, others: ReadonlySet<LeafName>): ReadonlySet<LeafName> {
  return new Set([...leaves].filter((leaf) => !others.has(leaf)))
}
