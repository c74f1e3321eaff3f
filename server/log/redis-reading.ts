import type { ProcessId } from '#shared/ids.ts'
import { LogDamaged, type Seq, type StoredEntry } from './log.ts'
import type { Reply } from './master.ts'
import { FUNCTIONS, keysOf } from './redis-functions.ts'
import type { Line } from './redis-link.ts'
import { unpackSegment } from './segments.ts'

/** An entry with its place; `id` is its place in the stream, empty when it lies in a segment. */
export interface Placed extends StoredEntry {
  seq: Seq
}

export interface Page {
  epoch: number
  /** The head. */
  seq: Seq
  /** The last entry in a segment, and the chain there in hex; empty when nothing was sealed. */
  sealed: Seq
  chain: string
  entries: Placed[]
}

/** How much is asked for at once: a few milliseconds of Redis. */
const PAGE = 1_000

/** One piece of what stands after a place: at least one entry unless there is none, at most `limit`. */
export async function readPage(line: Line, process: ProcessId, after: Seq, limit: number): Promise<Page> {
  const { heads, log, sealed } = keysOf(process)
  const reply = await line.send('FCALL_RO', FUNCTIONS.range, 3, heads, log, sealed, after, Math.min(limit, PAGE))
  const [[epoch, seq, last, chain], segment, entries] = reply as [Reply[], Reply[] | null, Reply[]]
  const page = { epoch: Number(epoch), seq: Number(seq), sealed: Number(last), chain: String(chain) }
  if (!segment) return { ...page, entries: entries.map((entry) => placedOf(entry).placed) }
  const [first = 0] = placeOf(segment[0] ?? '')
  const unpacked = unpackSegment(segment[1] as Buffer).map((entry, index) => ({ ...entry, seq: first + index }))
  return { ...page, entries: unpacked.filter((entry) => entry.seq > after).slice(0, limit) }
}

/** Everything after a place that stands there at the moment of the first page, up to `limit`. */
export async function readAll(line: Line, process: ProcessId, after: Seq, limit: number): Promise<Placed[]> {
  const found: Placed[] = []
  for (;;) {
    const { entries } = await readPage(line, process, after + found.length, limit - found.length)
    found.push(...entries)
    if (entries.length === 0 || found.length >= limit) return found
  }
}

/** An entry of the stream as Redis tells it: its epoch, and what is stored. */
export function placedOf(reply: Reply): { epoch: number; placed: Placed } {
  const [id, fields] = reply as [Reply, Reply[]]
  const [epoch, seq] = placeOf(id)
  const [, rest, , bytes] = fields
  if (!(bytes instanceof Buffer)) throw new LogDamaged(`Entry ${seq} is not one of ours.`)
  return { epoch, placed: { seq, rest: Number.parseInt(String(rest), 10), bytes: new Uint8Array(bytes) } }
}

function placeOf(id: Reply): [number, Seq] {
  const [first, second] = String(id).split('-')
  return [Number(first), Number(second)]
}
