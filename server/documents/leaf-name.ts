import type * as Y from 'yjs'
import { type LeafId, parseOpaque } from '#shared/ids.ts'

const names = new WeakMap<object, LeafId | null>()

/**
 * The name of a root of `doc`; null for what is no leaf, such as a type nested in another. Yjs only knows the way from name to type. A root
 * that came with an update is another object once `getText` gave it its type.
 */
export function leafNameOf(doc: Y.Doc, type: object): LeafId | null {
  const known = names.get(type)
  if (known !== undefined) return known
  for (const [name, root] of doc.share) names.set(root, parseOpaque<LeafId>(name))
  return names.get(type) ?? null
}
