import type { Viewer } from '#shared/domain/view.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import type { PartyId } from '#shared/ids.ts'
import { type Json, pack } from '#shared/protocol/patch.ts'
import type { Running } from '../processes/port.ts'

/** What each viewer of one process may see of it, as it crosses the line. What the views of one party say alike is there once. */
export class PackedViews {
  readonly #running: Running
  readonly #last = new Map<PartyId | undefined, Json>()

  constructor(running: Running) {
    this.#running = running
  }

  /** All that the viewer may see now. Not to be changed. */
  of(viewer: Viewer): Json {
    const { shown } = this.#running
    const party = shown.seats.by[viewer.seat]?.party
    const fresh = pack(viewFor(viewer, shown, this.#running.now()) as unknown as Json)
    const view = shared(this.#last.get(party) ?? null, fresh)
    this.#last.set(party, view)
    return view
  }
}

type Parts = { [key: string]: Json }

/** `fresh`, made of `known` wherever the two are equal. */
function shared(known: Json, fresh: Json): Json {
  if (known === fresh || typeof known !== 'object' || typeof fresh !== 'object' || !known || !fresh) return fresh
  if (Array.isArray(known) !== Array.isArray(fresh)) return fresh
  const [from, to] = [known as Parts, fresh as Parts]
  const keys = Object.keys(to)
  let isSame = keys.length === Object.keys(from).length
  for (const key of keys) {
    const before = Object.hasOwn(from, key) ? (from[key] as Json) : undefined
    if (before === undefined || key === '__proto__') isSame = false
    else {
      const part = shared(before, to[key] as Json)
      if (part !== before) isSame = false
      to[key] = part
    }
  }
  return isSame ? known : fresh
}

/** The tracks of a packed view. */
export function tracksIn(view: Json): ReadonlySet<string> {
  const tracks = view as { tracks?: { order: string[] } } | null
  return new Set(tracks?.tracks?.order ?? [])
}
