import type { Link, LinkListener, Wire } from '#client/room/link.ts'
import { type Down, decodeDown, decodeUp, encodeUp, type Up } from '#shared/protocol/frames.ts'

/**
 * The one witness of a run with real servers: every client is tapped, so it knows each word that left a screen, each that the
 * server acknowledged, each byte that reached each party, and when each withdrawal was in force. What it saw, it holds the
 * servers to: P1 (what was acknowledged or shown is there, once), P2 (nothing of a track after "in force", nothing taken in),
 * P3 (no byte of what is hidden), P11 (all who see a text see the same).
 *
 * Words are marked `<track.author.number>`, so that any byte that carries them tells whose they are and who may have them.
 */

/** Marked words. */
export const MARK = /<([\w-]+)\.[\w-]+\.\d+>/g

export interface Who {
  name: string
  party: string
}

/** What a server that resets a connection has already given to the system may arrive for this long, and no longer. */
const LATE_MS = 300
/** A reset connection's end is noticed within this. */
const END_MS = 3_000

export class Oracle {
  /** What went wrong, one sentence each. */
  readonly problems: string[] = []
  readonly tally = {
    typed: 0,
    acknowledged: 0,
    shown: 0,
    decided: 0,
    givenBack: 0,
    withdrawals: 0,
    forbidden: 0,
    frames: 0,
    bytes: 0,
    /** Written before a reset and arrived behind the answer. */
    lateBytes: 0,
  }
  readonly #readers = new Map<string, Set<string>>()
  readonly #titles = new Map<string, string>()
  readonly #typed = new Set<string>()
  readonly #promised = new Map<string, string>()
  readonly #givenBack = new Set<string>()
  readonly #forbidden = new Set<string>()
  /** By party and track: when the withdrawal was in force. */
  readonly #inForce = new Map<string, number>()
  readonly #taps = new Set<Tap>()

  /** Only these parties may have anything of `track`: who is not named hears neither its id, nor its title, nor a word of it. */
  readers(track: string, title: string, parties: string[]): void {
    this.#readers.set(track, new Set(parties))
    this.#titles.set(track, title)
  }

  /** A link whose every frame is seen. */
  tap(link: Link, who: Who): TappedLink {
    return new TappedLink(link, (listener) => {
      const tap = new Tap(this, who, listener)
      this.#taps.add(tap)
      return tap
    })
  }

  typed(mark: string): void {
    this.tally.typed++
    this.#typed.add(mark)
  }
  /** Words sent to a track that the sender may not see: they must never stand anywhere. */
  forbidden(mark: string): void {
    this.tally.forbidden++
    this.#forbidden.add(mark)
  }
  /** Words that their author was told did not go in. */
  givenBack(words: string): void {
    for (const [mark] of words.matchAll(MARK)) {
      this.tally.givenBack++
      this.#givenBack.add(mark)
    }
  }
  wasGivenBack = (mark: string): boolean => this.#givenBack.has(mark)
  /** The server or a screen said of these words that they are durable, or `who` got them. */
  promised(marks: Iterable<string>, how: 'acknowledged' | 'shown' | 'decided'): void {
    for (const mark of marks) {
      const already = this.#promised.get(mark) ?? ''
      if (already.includes(how)) continue
      this.tally[how]++
      this.#promised.set(mark, already ? `${already}, ${how}` : how)
    }
  }

  /** A grant is asked for: from now on the party may have the track again. */
  granting(party: string, track: string): void {
    this.#inForce.delete(`${party} ${track}`)
    this.#readers.get(track)?.add(party)
  }
  /** A withdrawal was answered "in force". */
  inForce(party: string, track: string): void {
    this.tally.withdrawals++
    this.#inForce.set(`${party} ${track}`, performance.now())
    this.#readers.get(track)?.delete(party)
  }

  // ---- what taps tell

  /** Called for every frame that reached a client. */
  heard(tap: Tap, bytes: Uint8Array, frame: Down): void {
    this.tally.frames++
    this.tally.bytes += bytes.length
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
    this.promised(
      Array.from(text.matchAll(MARK), ([mark]) => mark),
      'shown',
    )
    for (const [track, parties] of this.#readers) {
      if (frame.frame === 'withdrawn') continue
      if (!text.includes(track) && !text.includes(this.#titles.get(track) ?? track) && !tap.isOn(track, frame)) continue
      if (parties.has(tap.who.party)) tap.sees(track, frame)
      else this.#leaked(tap, track, bytes.length, frame)
    }
  }
  #leaked(tap: Tap, track: string, size: number, frame: Down): void {
    const since = this.#inForce.get(`${tap.who.party} ${track}`)
    const what = `${tap.who.name} (${tap.who.party}) got ${size} bytes of ${track} in '${frame.frame}'`
    if (since === undefined) this.problems.push(`P3 ${what}, which is hidden from it`)
    else if (tap.hasClosed(track)) this.problems.push(`P2 ${what} after it said that it had closed it`)
    else if (performance.now() - since > LATE_MS) this.problems.push(`P2 ${what} after "in force"`)
    else {
      this.tally.lateBytes += size
      tap.mustEnd = true
    }
  }
  gone(tap: Tap): void {
    this.#taps.delete(tap)
  }

  // ---- what it holds the servers to

  /** What must be there from now on, and who said so. */
  due(): [mark: string, how: string][] {
    return [...this.#promised]
  }
  /** P1: `there` is every mark that a reader who sees everything has, who came after `due` was asked for. */
  async checkKept(due: [mark: string, how: string][], there: string[], when: string): Promise<void> {
    const standing = new Set(there)
    const lost = due.filter(([mark]) => !standing.has(mark)).map(([mark, how]) => `${mark} (${how})`)
    if (lost.length > 0) this.problems.push(`P1 ${when}: lost ${lost.length}: ${lost.slice(0, 10).join(', ')}`)
    if (standing.size !== there.length) {
      const twice = there.filter((mark, index) => there.indexOf(mark) !== index)
      this.problems.push(`P11 ${when}: ${twice.length} twice: ${twice.slice(0, 10).join(', ')}`)
    }
    const taken = [...this.#forbidden].filter((mark) => standing.has(mark))
    if (taken.length > 0) this.problems.push(`P2 ${when}: taken in after "in force": ${taken.join(', ')}`)
    const late = [...this.#taps].filter((tap) => tap.mustEnd)
    if (late.length > 0) await Promise.race([Promise.all(late.map((tap) => tap.over)), elapsed(END_MS)])
    for (const tap of late)
      if (this.#taps.has(tap)) this.problems.push(`P2 ${when}: ${tap.who.name} neither closed the view nor was cut off`)
  }

  /** P1, P11: all is at rest and no client left with words of its own: each typed word stands once or was given back. */
  async checkWhole(there: string[], when: string): Promise<void> {
    await this.checkKept(this.due(), there, when)
    const standing = new Set(there)
    const neither = [...this.#typed].filter((mark) => !standing.has(mark) && !this.#givenBack.has(mark))
    if (neither.length > 0)
      this.problems.push(
        `P11 ${when}: neither there nor given back: ${neither.length}: ${neither.slice(0, 10).join(', ')}`,
      )
    const strange = there.filter((mark) => !this.#typed.has(mark))
    if (strange.length > 0) this.problems.push(`P5 ${when}: nobody wrote ${strange.slice(0, 10).join(', ')}`)
  }

  /** P11: the texts of all who see the same, as each shows it. */
  checkEqual(shown: { name: string; text: string }[], when: string): void {
    const [first, ...others] = shown
    for (const { name, text } of others)
      if (first && text !== first.text) this.problems.push(`P11 ${when}: ${name} and ${first.name} see different texts`)
  }
}

const elapsed = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms))
const marksIn = (bytes: Uint8Array): string[] =>
  Array.from(
    Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1').matchAll(MARK),
    ([mark]) => mark,
  )

/** A link that tells the oracle, and that a test can speak on beside its client. */
export class TappedLink implements Link {
  /** Asked for each frame that goes up: a number of milliseconds after which it goes up once more, behind all that went meanwhile. */
  repeat: (frame: Up) => number | null = () => null
  readonly #link: Link
  readonly #open: (listener: LinkListener) => Tap
  /** The present connection; null before the first. */
  now: Tap | null = null

  constructor(link: Link, open: (listener: LinkListener) => Tap) {
    this.#link = link
    this.#open = open
  }
  connect(listener: LinkListener): Wire {
    const tap = this.#open(listener)
    this.now = tap
    return tap.on(this.#link.connect(tap), (frame) => this.repeat(frame))
  }
}

/** One connection of one client. */
export class Tap implements LinkListener, Wire {
  readonly who: Who
  readonly over: Promise<void>
  /** Got what only a connection may get that is about to be reset. */
  mustEnd = false
  readonly #oracle: Oracle
  readonly #listener: LinkListener
  readonly #channels = new Map<number, string>()
  readonly #flying = new Map<string, string[]>()
  readonly #withdrawals = new Map<string, string>()
  /** Tracks of which it said, since it last saw them, that the view is closed. */
  readonly #closed = new Set<string>()
  #wire: Wire | null = null
  #repeat: TappedLink['repeat'] = () => null
  #onOver = () => {}

  constructor(oracle: Oracle, who: Who, listener: LinkListener) {
    this.#oracle = oracle
    this.who = who
    this.#listener = listener
    this.over = new Promise((done) => {
      this.#onOver = done
    })
  }
  on(wire: Wire, repeat: TappedLink['repeat']): this {
    this.#wire = wire
    this.#repeat = repeat
    return this
  }

  /** Whether the frame belongs to the open `track`. */
  isOn(track: string, frame: Down): boolean {
    return (frame.frame === 'text' || frame.frame === 'acked') && this.#channels.get(frame.channel) === track
  }
  hasClosed = (track: string): boolean => this.#closed.has(track)
  /** It may have the track, and this says so anew. */
  sees(track: string, { frame }: Down): void {
    if (frame === 'view' || frame === 'welcome') this.#closed.delete(track)
  }
  /** The channel by which `track` was last open here. */
  channelOf = (track: string): number | null => [...this.#channels].findLast(([, open]) => open === track)?.[0] ?? null

  frame(bytes: Uint8Array): void {
    const frame = decodeDown(bytes)
    if (!frame) throw new Error(`${this.who.name} got what is no frame`)
    if (frame.frame === 'opened') this.#channels.set(frame.opened.channel, frame.opened.track)
    if (frame.frame === 'withdrawn') this.#withdrawals.set(frame.withdrawal, frame.track)
    if (frame.frame === 'acked') this.#kept(`${frame.channel} ${frame.number}`, 'acknowledged')
    if (frame.frame === 'answered') this.#kept(frame.ask, 'decided')
    this.#oracle.heard(this, bytes, frame)
    this.#listener.frame(bytes)
  }
  #kept(key: string, how: 'acknowledged' | 'decided'): void {
    this.#oracle.promised(this.#flying.get(key) ?? [], how)
    this.#flying.delete(key)
  }
  closed(refusal: Parameters<LinkListener['closed']>[0]): void {
    this.#end()
    this.#listener.closed(refusal)
  }

  send(bytes: Uint8Array): void {
    const frame = decodeUp(bytes)
    if (frame?.frame === 'words') this.#flying.set(`${frame.channel} ${frame.number}`, marksIn(frame.update))
    if (frame?.frame === 'act') this.#flying.set(frame.ask, marksIn(bytes))
    if (frame?.frame === 'receipt') this.#closed.add(this.#withdrawals.get(frame.withdrawal) ?? '')
    this.#wire?.send(bytes)
    const again = frame && this.#repeat(frame)
    if (again !== null) setTimeout(() => this.#wire?.send(bytes), again)
  }
  /** Says something beside the client. */
  say(frame: Up): void {
    this.#wire?.send(encodeUp(frame))
  }
  close(): void {
    this.#end()
    this.#wire?.close()
  }
  #end(): void {
    this.#oracle.gone(this)
    this.#onOver()
  }
}
