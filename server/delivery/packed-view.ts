import type { Viewer } from '#shared/domain/view.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import { type Json, pack } from '#shared/protocol/patch.ts'
import type { Running } from '../processes/port.ts'

/** All that a viewer may see of the process now, as it crosses the line. */
export const packedView = (viewer: Viewer, running: Running): Json =>
  pack(viewFor(viewer, running.shown, running.now()) as unknown as Json)

/** The tracks of a packed view. */
export function tracksIn(view: Json): ReadonlySet<string> {
  const tracks = view as { tracks?: { order: string[] } } | null
  return new Set(tracks?.tracks?.order ?? [])
}
