import type { ProcessId } from '#shared/ids.ts'
import type { Seq } from './log.ts'
import { FUNCTIONS, keysOf } from './redis-functions.ts'
import type { Line } from './redis-link.ts'
import { readAll, readPage } from './redis-reading.ts'
import { chainAfter, chainStart, hexOf, packSegment } from './segments.ts'

/** A segment is cut at whichever comes first; this many entries behind the head always stay in the stream, for followers. */
const SEGMENT_ENTRIES = 1_024
const SEGMENT_BYTES = 1024 * 1024
const UNSEALED_ENTRIES = 256
/** One node packs at a time; if it dies, another may after this. */
const TURN_MS = 10_000

/** Moves old entries out of the streams into packed segments: Redis keeps everything in memory, and text packs well. */
export class RedisSealing {
  readonly #floor: (process: ProcessId) => Seq
  /** The last entry in a segment, as this node knows it. */
  readonly #sealed = new Map<ProcessId, Seq>()
  #isSealing = false

  /** `floor`: how far every living node has come in a process; nothing past that leaves the stream. */
  constructor(floor: (process: ProcessId) => Seq) {
    this.#floor = floor
  }

  /** Entries up to this one were given to followers: seals when there are enough. What fails is tried again later. */
  note(line: Line, process: ProcessId, given: Seq): void {
    if (this.#isSealing || given - (this.#sealed.get(process) ?? 0) < SEGMENT_ENTRIES + UNSEALED_ENTRIES) return
    this.#isSealing = true
    this.#seal(line, process, given)
      .catch(() => line.send('DEL', keysOf(process).turn))
      .catch(() => undefined)
      .finally(() => {
        this.#isSealing = false
      })
  }

  async #seal(line: Line, process: ProcessId, given: Seq): Promise<void> {
    const { heads, log, sealed: segments, turn } = keysOf(process)
    const { epoch, sealed, chain } = await readPage(line, process, Number.MAX_SAFE_INTEGER, 1)
    this.#sealed.set(process, sealed)
    const most = Math.min(given, this.#floor(process)) - UNSEALED_ENTRIES - sealed
    if (most < SEGMENT_ENTRIES || (await line.send('SET', turn, '1', 'NX', 'PX', TURN_MS)) === null) return
    const entries = await readAll(line, process, sealed, SEGMENT_ENTRIES)
    let bytes = 0
    const fitting = entries.findIndex((entry) => {
      bytes += entry.bytes.length
      return bytes >= SEGMENT_BYTES
    })
    const cut = fitting === -1 ? entries : entries.slice(0, fitting + 1)
    let after: Uint8Array = chain ? new Uint8Array(Buffer.from(chain, 'hex')) : chainStart(process)
    for (const entry of cut) after = chainAfter(after, entry.bytes)
    const [last, packed] = [sealed + cut.length, Buffer.from(await packSegment(cut))]
    await line.send(
      'FCALL',
      FUNCTIONS.seal,
      4,
      heads,
      log,
      segments,
      turn,
      sealed + 1,
      last,
      epoch,
      packed,
      hexOf(after),
    )
    this.#sealed.set(process, last)
  }
}
