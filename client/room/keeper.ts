import type { Time } from '#shared/world.ts'
import { Alarm } from './alarm.ts'
import type { TextCopy } from './copy.ts'
import type { KeptText } from './keep.ts'
import type { LostWords, OpenText } from './room.ts'
import { encodeServed, encodeUnsent } from './served.ts'
import { unsentWords } from './unsent.ts'

/** With a line the server has nearly all: what is on the device may be so much behind. */
const LIVE_MS = 2_000

export interface KeeperPorts {
  time: Time
  /** Whether there is no line. */
  isAway(): boolean
  /** What is to be kept now; `isWhole`: with what the server has. */
  text(isWhole: boolean): KeptText
  put(text: KeptText): Promise<void>
  /** Whether all is on the device may be another. */
  changed(): void
}

/** Keeps one open text on the device: at once while there is no line, else now and then. No timer runs while nothing changes. */
export class TextKeeper {
  readonly #ports: KeeperPorts
  #isOn = false
  #isServedDue: boolean
  #isDue: boolean
  #hasFailed = false
  #writing: Promise<void> | null = null
  readonly #later: Alarm

  /** `isStored`: what stands now is on the device already. */
  constructor(ports: KeeperPorts, isStored: boolean) {
    this.#ports = ports
    this.#isServedDue = !isStored
    this.#isDue = !isStored
    this.#later = new Alarm(ports.time, LIVE_MS, () => void this.now())
  }

  /** Whether the seat's grant allows it now. */
  allow(mayKeep: boolean): void {
    if (mayKeep === this.#isOn) return
    this.#isOn = mayKeep
    this.#later.cancel()
    if (mayKeep) this.#soon()
    else this.#isServedDue = this.#isDue = true
  }
  /** Whether words of this text are kept here, or will be at once. */
  get isOn(): boolean {
    return this.#isOn && !this.#hasFailed
  }
  /** Whether all that is unsent would outlive this page. */
  get isDurable(): boolean {
    return this.isOn && !this.#isDue && this.#writing === null
  }

  changed(what: 'served' | 'unsent'): void {
    this.#isDue = true
    if (what === 'served') this.#isServedDue = true
    this.#soon()
  }
  #soon(): void {
    if (!this.#isOn || !this.#isDue) return
    if (this.#ports.isAway()) void this.now()
    else this.#later.set()
  }

  /** Resolves when what stands now is on the device, or could not be put there, or may not. */
  async now(): Promise<void> {
    if (this.#writing) {
      await this.#writing
      // Whoever waited beside this one may have begun already.
      return this.#isDue ? this.now() : undefined
    }
    if (!this.#isOn || !this.#isDue) return
    this.#writing = this.#write()
    await this.#writing
    this.#ports.changed()
    this.#soon()
  }
  async #write(): Promise<void> {
    this.#later.cancel()
    const isWhole = this.#isServedDue
    this.#isServedDue = false
    this.#isDue = false
    try {
      // What is typed in this very moment goes along.
      await Promise.resolve()
      if (this.#isOn) await this.#ports.put(this.#ports.text(isWhole))
      this.#hasFailed = false
    } catch {
      this.#isServedDue ||= isWhole
      this.#hasFailed = true
    } finally {
      this.#writing = null
    }
  }

  end(): void {
    this.allow(false)
  }
}

/** A copy as it is kept. */
export function keptOf(
  copy: TextCopy,
  about: { title: string; since: number; level: OpenText['level'] },
  isWhole: boolean,
): KeptText {
  const { level, ...named } = about
  const { known, kept } = copy.outbox
  const words: LostWords['words'] = kept ? unsentWords(copy) : []
  return {
    ...named,
    track: copy.track,
    served: isWhole
      ? { incarnation: copy.incarnation, level, structure: copy.packed, state: encodeServed(copy.doc, known) }
      : null,
    unsent: kept && { ...kept, update: encodeUnsent(copy.doc, known), words },
  }
}
