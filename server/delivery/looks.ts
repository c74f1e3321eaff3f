import { levelOf } from '#shared/domain/matrix.ts'
import { previewAs } from '#shared/domain/preview.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { viewFor } from '#shared/domain/view-for.ts'
import { instant, type SeatId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Look, Shown } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import { hashBytes } from '#shared/text/hash.ts'
import type { Running } from '../processes/port.ts'
import { structureOf } from './text-room.ts'
import type { Texts } from './texts.ts'

const MINUTE_MS = 60_000
type Preview = Exclude<Look, { type: 'LastSeen' }>

/** What somebody asks to see. Changes nothing. */
export function show(running: Running, texts: Texts, by: Viewer, look: Look): Outcome<Shown, Refusal> {
  return look.type === 'LastSeen' ? ok(lastSeen(running, texts, by)) : preview(running, texts, by, look)
}

/** What a mediator asks to see as a party would: the same projection and the same bytes as the party's own. */
function preview(running: Running, texts: Texts, by: Viewer, look: Preview): Outcome<Shown, Refusal> {
  const at = running.now()
  const shown = previewAs(running.shown, by, look.party, look.changes, at)
  if (!shown.ok) return shown
  const { view, newlySees, loses, cannotBeUndone, process, viewer } = shown.value
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
    here: texts.hereIn(look.track),
  })
}

/** Nothing that the asker could not have heard by being in the text all along: whoever was admitted later hears of later. */
function lastSeen(running: Running, texts: Texts, by: Viewer): Shown {
  const now = running.now()
  const last = new Map<SeatId, (Shown & { type: 'LastSeen' })['seen'][number]>()
  for (const { id: track, since } of viewFor(by, running.shown, now).tracks) {
    for (const [seat, at] of texts.seenIn(track)) {
      const isReader = levelOf(running.shown, { seat, confined: false }, track, now) !== 'hidden'
      const before = last.get(seat)
      if (isReader && at >= since && (!before || before.at < at)) last.set(seat, { seat, track, at })
    }
  }
  const seen = [...last.values()].map((one) => ({ ...one, at: instant(one.at - (one.at % MINUTE_MS)) }))
  return { type: 'LastSeen', seen }
}
