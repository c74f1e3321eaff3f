import type { SeatId } from '#shared/ids.ts'
import type { Place } from '#shared/protocol/frames.ts'
import type { Time } from '#shared/world.ts'

/** A connection that comes back within this is not seen to have gone. */
const ABSENCE_MS = 10_000
/** Carets of one text are told together. */
const GATHER_MS = 100

interface Here {
  place: Place | null
  /** Connections of the seat that have the text open. */
  open: number
  forget: () => void
}

/** Who is in one text and where. Made from seated connections only; nobody says who somebody else is. */
export class Presence {
  readonly #time: Time
  #tell: () => void = () => undefined
  readonly #here = new Map<SeatId, Here>()
  #told: () => void = () => undefined
  #isDue = false

  constructor(time: Time) {
    this.#time = time
  }

  /** `tell` is called, at most every 100 ms, when there is something new to say. */
  tellThrough(tell: () => void): void {
    this.#tell = tell
  }

  came(seat: SeatId): void {
    const known = this.#here.get(seat)
    known?.forget()
    this.#here.set(seat, { place: known?.place ?? null, open: (known?.open ?? 0) + 1, forget: () => undefined })
    if (!known) this.#due()
  }

  /** One connection of the seat has the text open no more; the seat is absent 10 s after its last one, at once if that closed it. */
  left(seat: SeatId, hasClosed: boolean): void {
    const known = this.#here.get(seat)
    if (!known) return
    known.open = Math.max(0, known.open - 1)
    if (known.open > 0) return
    known.forget()
    if (hasClosed) this.gone(seat)
    else known.forget = this.#time.after(ABSENCE_MS, () => this.gone(seat))
  }

  /** The seat may not read any more: it is absent at once, as the audience shows too. */
  gone(seat: SeatId): void {
    this.#here.get(seat)?.forget()
    if (this.#here.delete(seat)) this.#due()
  }

  moved(seat: SeatId, place: Place | null): void {
    const known = this.#here.get(seat)
    if (!known || (known.place === null && place === null)) return
    known.place = place
    this.#due()
  }

  /** The text began anew: places in it name no item, and so no author, of before. */
  renewed(): void {
    for (const here of this.#here.values()) {
      if (here.place) here.place = placeAnew(here.place)
    }
  }

  list(): { seat: SeatId; place: Place | null }[] {
    return [...this.#here].map(([seat, { place }]) => ({ seat, place }))
  }

  get isEmpty(): boolean {
    return this.#here.size === 0
  }

  end(): void {
    this.#told()
    for (const { forget } of this.#here.values()) forget()
    this.#here.clear()
  }

  #due(): void {
    if (this.#isDue) return
    this.#isDue = true
    this.#told = this.#time.after(GATHER_MS, () => {
      this.#isDue = false
      this.#tell()
    })
  }
}

const placeAnew = ({ clause, leaf }: Place): Place => (leaf === undefined ? { clause } : { clause, leaf })
