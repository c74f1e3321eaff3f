import { annexIn } from '#shared/domain/annexes.ts'
import { decide } from '#shared/domain/decide.ts'
import { lookingAs, tracksSeen } from '#shared/domain/known.ts'
import type { Annex, AnnexKind } from '#shared/domain/process.ts'
import { row } from '#shared/domain/rows.ts'
import { type AnnexId, parseAskId, parseHash, parseOpaque, parseTrackId, type TrackId } from '#shared/ids.ts'
import { parseUp } from '#shared/protocol/command-schema.ts'
import { includes, type Refusal } from '#shared/refusals.ts'
import { type ExportedText, exportText } from '#shared/text/exported.ts'
import { wordsOf } from '#shared/text/leaf.ts'
import { markdownOf } from '#shared/text/markdown-out.ts'
import { structureView } from '#shared/text/structure-view.ts'
import type { Entered } from '../access/door.ts'
import { type AnnexFiles, isThere, MAX_FILE_BYTES } from '../files/annexes.ts'
import type { Outgoing } from '../files/outgoing.ts'
import type { FileThread } from '../files/thread.ts'
import type { Running } from '../processes/port.ts'
import { Buckets, Knocking, type Rate } from '../realtime/limits.ts'
import { type Asked, problem, type Reply, type Route, textAt } from './exchange.ts'
import { seated, type WhoOptions } from './who.ts'

export interface FilesOptions extends WhoOptions {
  thread: FileThread
  annexes: AnnexFiles
  outgoing: Outgoing
  /** Milliseconds on any clock that never goes back. */
  clock: () => number
}

/** A text of 2 MB as JSON, its quotes escaped. */
const LARGE = 5 * 1024 * 1024
const SMALL = 4 * 1024
/** Files that come in at one moment: of a seat, and of all; each is in memory until it is stored. */
const MAX_COMING_A_SEAT = 2
const MAX_COMING = 8
const AGAIN_MS = 3_000
/** A folder of files, one after another; then as many as anybody names and describes. */
const FILES: Rate = { perSecond: 0.2, burst: 40 }

/** Files of those who sit in a seat: documents that become texts, and annexes in and out. Whatever is hidden is as absent. */
export function fileRoutes(options: FilesOptions): [string, Route][] {
  const coming = new Knocking(MAX_COMING_A_SEAT, MAX_COMING)
  const files = new Buckets(FILES, options.clock)

  /** The file in the body, unless its seat brings too many at once. Its size is looked at before a byte is read. */
  async function fileIn(asked: Asked, { running, viewer }: Entered, then: (bytes: Uint8Array) => Promise<Reply>) {
    const seat = `${running.id}/${viewer.seat}`
    const wait = files.take(seat, 1)
    if (wait > 0) return problem({ code: 'too-fast', retryAfterMs: wait })
    if (!coming.begin(seat)) return problem({ code: 'too-fast', retryAfterMs: AGAIN_MS })
    try {
      const bytes = await asked.bytes(MAX_FILE_BYTES)
      return bytes.ok ? await then(bytes.value) : problem(bytes.refusal)
    } finally {
      coming.end(seat)
    }
  }

  return [
    [
      'POST /api/texts/read',
      seated(options, async (asked, who) => {
        if (!mayBringText(who)) return problem({ code: 'not-your-role' })
        return fileIn(asked, who, (bytes) => readText(options, asked, bytes))
      }),
    ],
    ['POST /api/acts', seated(options, (asked, who) => act(asked, who))],
    [
      'POST /api/annexes',
      seated(options, async (asked, who) => {
        const track = parseTrackId(asked.url.searchParams.get('track') ?? '')
        if (!track) return problem({ code: 'no-such-thing' })
        const announced = Number(asked.request.headers['content-length'] ?? 0)
        const refusal = whyNotAttach(who, track, Math.min(announced, MAX_FILE_BYTES))
        if (refusal) return problem(refusal)
        const ask = parseAskId(asked.url.searchParams.get('ask') ?? '')
        const name = asked.url.searchParams.get('name') ?? ''
        return fileIn(asked, who, async (bytes) => {
          const attached = await options.annexes.attach({ ...who, track, ask }, { name, bytes })
          return attached.ok ? { status: 201, body: attached.value } : problem(attached.refusal)
        })
      }),
    ],
    ['POST /api/texts/export', seated(options, (asked, who) => takeOut(options, asked, who))],
    ['POST /api/annexes/read', seated(options, (asked, who) => readAnnex(options, asked, who))],
  ]
}

/** Whoever may open tracks, or holds a pen somewhere. */
function mayBringText({ running, viewer }: Entered): boolean {
  const looking = lookingAs(running.shown, viewer, running.now())
  if (!looking) return false
  return looking.seat.role === 'mediator' || tracksSeen(looking).some(({ sight }) => includes(sight.level, 'edit'))
}

const MAX_TITLE = 300
async function readText({ thread }: FilesOptions, asked: Asked, bytes: Uint8Array): Promise<Reply> {
  const name = (asked.url.searchParams.get('name') ?? '').slice(0, MAX_TITLE).replace(/\.docx$/i, '')
  const read = await thread.read(bytes, name || 'Text')
  if (!read.ok) return problem(read.refusal)
  const headers = { 'Content-Type': 'application/json; charset=utf-8' }
  return { status: 200, headers, send: async (response) => void response.end(read.value) }
}

/** Commands that carry a whole text: past what a frame of the live line holds. */
const LONG_COMMANDS: ReadonlySet<string> = new Set(['OpenTrack', 'FillText'])

async function act(asked: Asked, { running, viewer }: Entered): Promise<Reply> {
  const body = await asked.json(LARGE)
  if (!body.ok) return problem(body.refusal)
  const frame = { frame: 'act', ...(typeof body.value === 'object' ? body.value : {}) }
  const parsed = parseUp(frame as Parameters<typeof parseUp>[0])
  if (!parsed.ok) return problem(parsed.refusal)
  if (parsed.value.frame !== 'act' || !LONG_COMMANDS.has(parsed.value.command.type))
    return problem({ code: 'malformed', where: 'command' })
  const acted = await running.act(viewer, parsed.value.ask, parsed.value.command)
  return acted.ok ? { status: 200, body: acted.value } : problem(acted.refusal)
}

const NONE = parseHash('0'.repeat(64))

/** Asked before the file is read; `decide` is asked again when it is attached. */
function whyNotAttach({ running, viewer }: Entered, track: TrackId, bytes: number): Refusal | null {
  const id = parseOpaque<AnnexId>('none')
  if (!NONE || !id) throw new Error('an annex to ask with has no name')
  const annex = { id, name: '', kind: 'pdf' as const, bytes, hash: NONE, stored: NONE }
  const never = () => {
    throw new Error('attaching draws no chance')
  }
  const decided = decide(running.shown, {
    by: viewer,
    at: running.now(),
    command: { type: 'AttachAnnex', track, annex },
    mint: never,
    mintClient: never,
    hashOf: () => null,
  })
  return decided.ok ? null : decided.refusal
}

/** The track and the annex that a request names, looked up in what its sender sees. */
function annexFor({ running, viewer }: Entered, body: unknown): { track: TrackId; annex: Annex } | null {
  const looking = lookingAs(running.shown, viewer, running.now())
  const id = textAt(body, 'track')
  const seen = looking && tracksSeen(looking).find(({ track }) => track.id === id)
  const annex = seen && annexIn(seen.track, textAt(body, 'annex') ?? '')
  return seen && annex ? { track: seen.track.id, annex } : null
}

const TYPES: Record<AnnexKind, string> = {
  pdf: 'application/pdf',
  png: 'image/png',
  jpeg: 'image/jpeg',
  webp: 'image/webp',
}

/** Handed out to be kept, never to be shown in the room's own place: what opens it there has no rights. */
const fileHeaders = (type: string, name: string): Record<string, string> => ({
  'Content-Type': type,
  'Content-Disposition': `attachment; filename="file"; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, percent)}`,
  'Content-Security-Policy': "default-src 'none'; sandbox",
  'Cache-Control': 'no-store',
  // A proxy that collects bytes would hold what was taken back here.
  'X-Accel-Buffering': 'no',
})
const percent = (sign: string): string => `%${sign.charCodeAt(0).toString(16)}`

async function readAnnex({ annexes, outgoing }: FilesOptions, asked: Asked, who: Entered): Promise<Reply> {
  const body = await asked.json(SMALL)
  if (!body.ok) return problem(body.refusal)
  const found = annexFor(who, body.value)
  if (!found) return problem({ code: 'no-such-thing' })
  const { track, annex } = found
  const range = rangeOf(asked.request.headers.range, annex.bytes)
  const { from, to } = range ?? { from: 0, to: annex.bytes }
  const headers = {
    ...fileHeaders(TYPES[annex.kind], annex.name),
    'Content-Length': String(to - from),
    ...(range ? { 'Content-Range': `bytes ${from}-${to - 1}/${annex.bytes}` } : {}),
  }
  const { running } = who
  const parts = annexes.read(running, track, annex, from, to)
  const leaving = { ...who, track, still: () => isThere(running, track, annex.id) }
  return { status: range ? 206 : 200, headers, send: (response) => outgoing.write(response, leaving, parts) }
}

/** One range of a file, from its first byte to its last; null for the whole. */
function rangeOf(header: string | undefined, bytes: number): { from: number; to: number } | null {
  const [, first, last] = /^bytes=(\d{1,9})-(\d{0,9})$/.exec(header ?? '') ?? []
  const from = Number(first)
  if (first === undefined || from >= bytes) return null
  const to = last ? Math.min(Number(last) + 1, bytes) : bytes
  return from < to ? { from, to } : null
}

/** Recorded first, then handed out: as Markdown, or as the parts of a page to print. */
async function takeOut({ outgoing }: FilesOptions, asked: Asked, who: Entered): Promise<Reply> {
  const body = await asked.json(SMALL)
  if (!body.ok) return problem(body.refusal)
  const { running, viewer } = who
  const track = parseTrackId(textAt(body.value, 'track') ?? '')
  const form = textAt(body.value, 'form')
  if (!track) return problem({ code: 'no-such-thing' })
  if (form !== 'markdown' && form !== 'print') return problem({ code: 'malformed', where: 'form' })
  // Under no ask: an answer from before would let words out that nobody decided on and nobody recorded.
  const recorded = await running.act(viewer, null, { type: 'ExportText', track, form })
  if (!recorded.ok) return problem(recorded.refusal)
  const text = exported(running, track)
  if (!text) return problem({ code: 'no-such-thing' })
  const words = form === 'print' ? JSON.stringify(text) : markdownOf(text, new Date(text.at).toISOString())
  const bytes = new TextEncoder().encode(words)
  const type = form === 'print' ? 'application/json; charset=utf-8' : 'text/markdown; charset=utf-8'
  const headers = { ...fileHeaders(type, `${text.title}.md`), 'Content-Length': String(bytes.length) }
  const leaving = { running, viewer, track, still: () => true }
  return { status: 200, headers, send: (response) => outgoing.write(response, leaving, partsOf(bytes)) }
}

const PART_BYTES = 64 * 1024
async function* partsOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PART_BYTES) yield bytes.subarray(at, at + PART_BYTES)
}

/** The text as it stands now. */
function exported(running: Running, track: TrackId): ExportedText | null {
  const { tracks, parties, title } = running.state
  const text = tracks.by[track]?.text
  const live = text && running.live(track)
  if (!text || !live) return null
  const at = running.now()
  return exportText({
    process: title,
    structure: structureView(text, at),
    words: wordsOf(live.doc),
    at,
    hashOf: (clause) => live.hashOf(text, text.language, clause),
    partyOf: (party) => row(parties.by, party) ?? { short: '', name: '' },
  })
}
