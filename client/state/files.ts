import type { Command } from '#shared/domain/commands.ts'
import type { ExportForm } from '#shared/domain/process.ts'
import type { AnnexView, View } from '#shared/domain/view.ts'
import { mintId, type TrackId } from '#shared/ids.ts'
import { type Outcome, ok, refuse } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { ExportedText } from '#shared/text/exported.ts'
import { hashBytes } from '#shared/text/hash.ts'
import type { ReadText } from '#shared/text/reading.ts'

/** Files over HTTP, as the seat of this page: documents and annexes in, annexes and texts out. */

/** What a file's way looks like from here: a share of its bytes, or null while the other side is at work. */
export type OnProgress = (share: number | null) => void

/** What the server would refuse is refused before it is sent. */
const MAX_FILE_BYTES = 20 * 1024 * 1024
const TOO_LARGE: Refusal = { code: 'too-large', limit: MAX_FILE_BYTES }
/** Each part of a download is asked for when the one before is here: a line that breaks loses one. */
const PART_BYTES = 256 * 1024
const TRIES = 6
const AGAIN_MS = 1_500

export class FilesLine {
  readonly #seat: Record<string, string>

  constructor(view: Pick<View, 'process' | 'me'>) {
    this.#seat = { process: view.process.id, seat: view.me.seat }
  }

  #address(path: string, more: Record<string, string> = {}): string {
    return `${path}?${new URLSearchParams({ ...this.#seat, ...more })}`
  }

  /** How a document would stand as a text. Nothing is made. */
  async read(file: File, onProgress: OnProgress, signal: AbortSignal): Promise<Outcome<ReadText, Refusal>> {
    const sent = await send(this.#address('/api/texts/read', { name: file.name }), file, onProgress, signal)
    return sent.ok ? ok(sent.value as ReadText) : sent
  }

  attach(track: TrackId, file: File, onProgress: OnProgress, signal: AbortSignal): Promise<Outcome<unknown, Refusal>> {
    return send(this.#address('/api/annexes', { track, name: file.name, ask: newAsk() }), file, onProgress, signal)
  }

  /** A command with a whole text in it: too long for the live line. */
  async act(command: Command): Promise<Outcome<string[], Refusal>> {
    const answer = await this.#post('/api/acts', { ask: newAsk(), command })
    if (!answer.ok) return answer
    const { made } = (await answer.value.json()) as { made: string[] }
    return ok(made)
  }

  /** All of an annex, part by part. Null when it did not arrive as it was brought. */
  async download(
    track: TrackId,
    annex: AnnexView,
    onProgress: OnProgress,
    signal: AbortSignal,
  ): Promise<Outcome<Uint8Array<ArrayBuffer> | null, Refusal>> {
    const bytes = new Uint8Array(annex.bytes)
    for (let at = 0; at < annex.bytes; ) {
      onProgress(at / annex.bytes)
      const range = `bytes=${at}-${Math.min(at + PART_BYTES, annex.bytes) - 1}`
      const part = await this.#part({ track, annex: annex.id }, range, signal)
      if (!part.ok) return part
      bytes.set(part.value, at)
      at += part.value.length
    }
    return ok(hashBytes(bytes) === annex.hash ? bytes : null)
  }

  async #part(body: object, range: string, signal: AbortSignal): Promise<Outcome<Uint8Array, Refusal>> {
    for (let tries = 0; ; tries++) {
      const answer = await this.#post('/api/annexes/read', body, { Range: range }, signal)
      if (!answer.ok && (answer.refusal.code !== 'unanswered' || signal.aborted || tries >= TRIES)) return answer
      const part = answer.ok ? await answer.value.bytes().catch(() => null) : null
      if (part && part.length > 0) return ok(part)
      if (signal.aborted || tries >= TRIES) return refuse({ code: 'unanswered' })
      await new Promise((done) => setTimeout(done, AGAIN_MS))
    }
  }

  /** The words leave the room: recorded before they come. */
  async takeOut(track: TrackId, form: 'markdown'): Promise<Outcome<string, Refusal>>
  async takeOut(track: TrackId, form: 'print'): Promise<Outcome<ExportedText, Refusal>>
  async takeOut(track: TrackId, form: ExportForm): Promise<Outcome<string | ExportedText, Refusal>> {
    const answer = await this.#post('/api/texts/export', { track, form })
    if (!answer.ok) return answer
    return ok(form === 'print' ? ((await answer.value.json()) as ExportedText) : await answer.value.text())
  }

  async #post(
    path: string,
    body: object,
    headers: Record<string, string> = {},
    signal: AbortSignal | null = null,
  ): Promise<Outcome<Response, Refusal>> {
    try {
      const answer = await fetch(this.#address(path), { method: 'POST', body: JSON.stringify(body), headers, signal })
      return answer.ok ? ok(answer) : refuse(refusalIn(await answer.json().catch(() => null)))
    } catch {
      return refuse({ code: 'unanswered' })
    }
  }
}

const newAsk = (): string => mintId<string>(crypto.getRandomValues(new Uint8Array(22)))

const refusalIn = (body: unknown): Refusal =>
  typeof body === 'object' && body !== null && 'code' in body ? (body as Refusal) : { code: 'unanswered' }

/** Only this way of sending tells how far it is. */
function send(
  address: string,
  file: File,
  onProgress: OnProgress,
  signal: AbortSignal,
): Promise<Outcome<unknown, Refusal>> {
  if (file.size > MAX_FILE_BYTES) return Promise.resolve(refuse(TOO_LARGE))
  return new Promise((done) => {
    const request = new XMLHttpRequest()
    const stop = (): void => request.abort()
    signal.addEventListener('abort', stop)
    const end = (outcome: Outcome<unknown, Refusal>): void => {
      signal.removeEventListener('abort', stop)
      done(outcome)
    }
    request.open('POST', address)
    request.responseType = 'json'
    request.upload.onprogress = ({ loaded, total }) => onProgress(loaded < total ? loaded / total : null)
    request.upload.onload = () => onProgress(null)
    request.onload = () =>
      end(request.status < 300 ? ok(request.response) : refuse(refusalIn(request.response as unknown)))
    request.onerror = request.onabort = () => end(refuse({ code: 'unanswered' }))
    onProgress(0)
    request.send(file)
  })
}

/** Hands bytes to the browser, to be kept where it keeps downloads. */
export function keep(bytes: Uint8Array<ArrayBuffer> | string, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
