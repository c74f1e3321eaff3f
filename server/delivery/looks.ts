import { levelOf } from '#shared/domain/matrix.ts'
import { previewAs } from '#shared/domain/preview.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Look, Shown } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import { hashBytes } from '#shared/text/hash.ts'
import type { Running } from '../processes/port.ts'
import { structureOf } from './text-room.ts'

/** What a mediator asks to see as a party would. Changes nothing; the same projection and the same bytes as the party's own. */
export function show(running: Running, by: Viewer, look: Look): Outcome<Shown, Refusal> {
  const at = running.now()
  const preview = previewAs(running.shown, by, look.party, look.changes, at)
  if (!preview.ok) return preview
  const { view, newlySees, loses, cannotBeUndone, process, viewer } = preview.value
  if (look.type === 'PreviewAs') return ok({ type: 'PreviewAs', view, newlySees, loses, cannotBeUndone })
  const text = running.state.tracks.by[look.track]?.text
  const isSeen = running.level(by, look.track) !== 'hidden' && levelOf(process, viewer, look.track, at) !== 'hidden'
  const live = isSeen && text ? running.live(look.track) : null
  if (!text || !live) return refuse({ code: 'no-such-thing' })
  const update = live.encode()
  return ok({
    type: 'PreviewText',
    structure: structureOf(text, at),
    update: Buffer.from(update).toString('base64'),
    hash: hashBytes(update),
  })
}
