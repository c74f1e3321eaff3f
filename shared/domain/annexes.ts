import { type Outcome, ok, refuse } from '../outcome.ts'
import { includes, type Refusal } from '../refusals.ts'
import type { Decided } from './asked.ts'
import type { FileCommand } from './commands.ts'
import type { Event, Fact } from './events.ts'
import { isAtDesk, type Reader, type Sight } from './matrix.ts'
import { seatIn } from './people.ts'
import type { Annex, Annexes, ExportRecord, Process, Seat, Track } from './process.ts'
import { doer, replaced, row } from './rows.ts'
import type { AnnexView } from './view.ts'

/** Files beside a text, and what leaves the room. Who reads the track reads its files, at that moment and no longer. */

type Of<T extends Event['type']> = Extract<Event, { type: T }>
type Annexing = Extract<FileCommand, { type: 'AttachAnnex' | 'RemoveAnnex' }>
type Exporting = Extract<FileCommand, { type: 'ExportText' }>

/** Of one track over its life, removed ones included: counted for itself alone, so that no other track shows in a refusal. */
const MAX_ANNEXES = 100
const MAX_ANNEX_BYTES = 200 * 1024 * 1024
const EXPORTS_KEPT = 100

/** Who asks, where. */
interface Here {
  seat: Seat
  track: Track
  sight: Sight
}

const NONE: Annexes = { here: [], count: 0, bytes: 0 }
const annexesOf = (track: Track): Annexes => track.annexes ?? NONE

/** Attaching needs `suggest`; removing is for the party that brought it, and for who holds the pen. */
export function decideAnnex(here: Here, command: Annexing): Outcome<Decided, Refusal> {
  const { track, sight } = here
  if (!includes(sight.level, 'suggest')) return refuse({ code: 'level-too-low', needed: 'suggest', has: sight.level })
  return command.type === 'AttachAnnex' ? attach(track, command) : remove(here, command)
}

function attach(track: Track, { annex }: Extract<Annexing, { type: 'AttachAnnex' }>): Outcome<Decided, Refusal> {
  const { count, bytes } = annexesOf(track)
  if (count >= MAX_ANNEXES || bytes + annex.bytes > MAX_ANNEX_BYTES)
    return refuse({ code: 'file-refused', why: 'full' })
  return ok({ events: [{ type: 'AnnexAttached', track: track.id, annex }], made: [annex.id] })
}

function remove(
  { seat, track, sight }: Here,
  command: Extract<Annexing, { type: 'RemoveAnnex' }>,
): Outcome<Decided, Refusal> {
  const annex = annexIn(track, command.annex)
  if (!annex) return refuse({ code: 'no-such-thing' })
  if (annex.party !== seat.party && sight.level !== 'edit') return refuse({ code: 'not-your-words' })
  return ok({ events: [{ type: 'AnnexRemoved', track: track.id, annex: annex.id }], made: [] })
}

export const annexIn = (track: Track, id: string): Annex | null =>
  annexesOf(track).here.find((annex) => annex.id === id) ?? null

/** Whether the text may leave the room through this seat: its grant says so, or it is the desk that gives the grants. */
const mayExport = ({ seat, track, sight }: Here): boolean => sight.grant.export || isAtDesk(seat, track)

export function decideExport(here: Here, { form }: Exporting): Outcome<Decided, Refusal> {
  const { track } = here
  if (!track.text) return refuse({ code: 'no-such-thing' })
  if (!mayExport(here)) return refuse({ code: 'not-yours-to-open' })
  return ok({ events: [{ type: 'TextExported', track: track.id, form }], made: [] })
}

/* ---- folding ---- */

function changed(process: Process, id: string, change: (track: Track) => Track): Process {
  const track = row(process.tracks.by, id)
  return track ? { ...process, tracks: replaced(process.tracks, track.id, change(track)) } : process
}

export function foldAnnexAttached(process: Process, { track, annex }: Of<'AnnexAttached'>, fact: Fact): Process {
  const by = doer(fact)
  const party = seatIn(process, by)?.party
  if (!party) return process
  return changed(process, track, (found) => {
    const { here, count, bytes } = annexesOf(found)
    const made: Annex = { ...annex, by, party, at: fact.at }
    return { ...found, annexes: { here: [...here, made], count: count + 1, bytes: bytes + annex.bytes } }
  })
}

export function foldAnnexRemoved(process: Process, { track, annex }: Of<'AnnexRemoved'>): Process {
  return changed(process, track, (found) => {
    const annexes = annexesOf(found)
    return { ...found, annexes: { ...annexes, here: annexes.here.filter(({ id }) => id !== annex) } }
  })
}

export function foldTextExported(process: Process, { track, form }: Of<'TextExported'>, fact: Fact): Process {
  return changed(process, track, (found) => {
    const record: ExportRecord = { at: fact.at, by: doer(fact), form }
    return { ...found, exports: [...(found.exports ?? []), record].slice(-EXPORTS_KEPT) }
  })
}

/* ---- what is seen ---- */

/** Whoever brought a file and has left the track since is not named to those who read it now. */
export function annexViews(track: Track, readers: Reader[]): AnnexView[] {
  return annexesOf(track).here.map(({ id, name, kind, bytes, hash, party, at }) => {
    const isThere = readers.some((reader) => reader.party === party)
    return { id, name, kind, bytes, hash, party: isThere ? party : null, at }
  })
}
