import { createHash } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'
import { annexIn } from '#shared/domain/annexes.ts'
import type { Annex, AnnexKind } from '#shared/domain/process.ts'
import type { Viewer } from '#shared/domain/view.ts'
import { type AnnexId, type AskId, mintId, parseHash, type TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { Random } from '#shared/world.ts'
import type { Cipher, Running } from '../processes/port.ts'
import { type FileStore, StoreUnavailable, storedName } from './store.ts'
import type { FileThread } from './thread.ts'

/** A file of more bytes is not taken in. */
export const MAX_FILE_BYTES = 20 * 1024 * 1024
/** What is sealed, read and written at one time: a tenth of a millisecond of this node's one thread. */
const PART_BYTES = 256 * 1024
/** What sealing adds to each part: a nonce before, a tag behind. */
const SEAL_BYTES = 28

export interface AnnexesOptions {
  store: FileStore
  thread: FileThread
  random: Random
}

/** Files beside texts: taken in, and given out to whoever was found to read the track. */
export class AnnexFiles {
  readonly #options: AnnexesOptions

  constructor(options: AnnexesOptions) {
    this.#options = options
  }

  /**
   * Looks a file through, stores it, and then attaches it: what anybody sees is durable, and what was refused leaves nothing.
   * A repeated ask gets the first answer.
   */
  async attach(
    { running, viewer, track, ask }: { running: Running; viewer: Viewer; track: TrackId; ask: AskId | null },
    file: { name: string; bytes: Uint8Array },
  ): Promise<Outcome<{ made: string[] }, Refusal>> {
    const found = await this.#options.thread.examine(file.bytes)
    if (!found.ok) return found
    const { kind, hash } = found.value
    const cipher = await running.cipher(track)
    if (!cipher.ok) return cipher
    const bytes = cipher.value ? await sealed(file.bytes, cipher.value) : file.bytes
    const stored = cipher.value ? parseHash(createHash('sha256').update(bytes).digest('hex')) : hash
    if (!stored) throw new Error('SHA-256 made no hash')
    const id = mintId<AnnexId>(this.#options.random.bytes(22))
    const annex = { id, name: fileName(file.name, kind), kind, bytes: file.bytes.length, hash, stored }
    const kept = await this.#save(running, annex, bytes)
    if (!kept.ok) return kept
    const attached = await running.act(viewer, ask, { type: 'AttachAnnex', track, annex })
    if (!attached.ok || attached.value.made[0] !== id) await this.#options.store.forget(running.id, storedName(annex))
    return attached
  }

  async #save(
    running: Running,
    annex: Pick<Annex, 'id' | 'stored'>,
    bytes: Uint8Array,
  ): Promise<Outcome<null, Refusal>> {
    try {
      await this.#options.store.save(running.id, storedName(annex), bytes)
      return ok(null)
    } catch (cause) {
      if (cause instanceof StoreUnavailable) return refuse({ code: 'not-saved', reason: cause.reason })
      throw cause
    }
  }

  /** The bytes from `from` up to `to`, part by part. Throws when they are not what was stored. */
  async *read(running: Running, track: TrackId, annex: Annex, from: number, to: number): AsyncGenerator<Uint8Array> {
    const cipher = await running.cipher(track)
    if (!cipher.ok) throw new StoreUnavailable('unavailable')
    for (let at = from; at < to; ) {
      const part = Math.floor(at / PART_BYTES)
      const bytes = await this.#part(running, annex, part, cipher.value)
      const start = part * PART_BYTES
      yield bytes.subarray(at - start, Math.min(to - start, bytes.length))
      at = start + PART_BYTES
    }
  }

  async #part(running: Running, annex: Annex, part: number, cipher: Cipher | null): Promise<Uint8Array> {
    const size = PART_BYTES + (cipher ? SEAL_BYTES : 0)
    const kept = await this.#options.store.read(running.id, storedName(annex), part * size, (part + 1) * size)
    const bytes = kept && cipher ? cipher.unseal(kept) : kept
    const length = Math.min(PART_BYTES, annex.bytes - part * PART_BYTES)
    if (bytes?.length !== length) throw new Error(`an annex is not whole in the store: ${storedName(annex)}`)
    return bytes
  }
}

/** Whether the annex is still there: asked before every part that goes out. */
export const isThere = (running: Running, track: TrackId, id: AnnexId): boolean => {
  const found = running.state.tracks.by[track]
  return found !== undefined && annexIn(found, id) !== null
}

async function sealed(bytes: Uint8Array, cipher: Cipher): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    parts.push(cipher.seal(bytes.subarray(at, at + PART_BYTES)))
    await turn()
  }
  return Buffer.concat(parts)
}

const ENDINGS: Record<AnnexKind, RegExp> = { pdf: /\.pdf$/i, png: /\.png$/i, jpeg: /\.jpe?g$/i, webp: /\.webp$/i }
const MAX_NAME = 120

/** What people call it, with the ending of what it is: no path, nothing that turns the line around, nothing unseen. */
function fileName(given: string, kind: AnnexKind): string {
  const plain = given
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ')
    .replaceAll(/[\\/:*?"<>|]/g, '-')
    .replaceAll(/\s+/gu, ' ')
    .trim()
  const bare = plain.replace(ENDINGS[kind], '').replace(/^\.+/, '')
  return `${bare.slice(0, MAX_NAME).toWellFormed().trim() || 'annex'}.${kind === 'jpeg' ? 'jpg' : kind}`
}
