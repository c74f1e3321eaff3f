import type { SeatId } from '#shared/ids.ts'
import type { Place } from '#shared/protocol/frames.ts'
import type { Time } from '#shared/world.ts'
import type { NodeId } from '../nodes/nodes.ts'

/** A connection that comes back within this is not seen to have gone. */
const ABSENCE_MS = 10_000
/** Carets of one text are told together. */
const GATHER_MS = 100

/** A seat and where it is in the text. */
export interface Present {
  seat: SeatId
  place: Place | null
}

interface Here {
  place: Place | null
  /** Connections of the seat that have the text open. */
  open: number
  forget: () => void
}

/** Who is in one text and where, here and on other nodes. Made from seated connections only; nobody says who somebody else is. */
export class Presence {
  readonly #time: Time
  #tell: (isOwn: boolean) => void = () => undefined
  readonly #here = new Map<SeatId, Here>()
  readonly #afar = new Map<NodeId, Present[]>()
  #told: () => void = () => undefined
  #isDue = false
  #isOwnDue = false

  constructor(time: Time) {
    this.#time = time
  }

  /** `tell` is called, at most every 100 ms, when there is something new to say. `isOwn`: of those on this node, too. */
  tellThrough(tell: (isOwn: boolean) => void): void {
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

  /** As `gone`, on whatever node it is. */
  hidden(seat: SeatId): void {
    for (const [node, here] of this.#afar) {
      this.heard(
        node,
        here.filter((one) => one.seat !== seat),
      )
    }
    this.gone(seat)
  }

  /** All who are in the text on another node. */
  heard(node: NodeId, here: Present[]): void {
    const before = JSON.stringify(this.list())
    if (here.length > 0) this.#afar.set(node, here)
    else this.#afar.delete(node)
    if (JSON.stringify(this.list()) !== before) this.#due(false)
  }

  /** The node is gone. Whoever was there may come back elsewhere: absent 10 s later. */
  lost(node: NodeId): void {
    for (const { seat, place } of this.#afar.get(node) ?? []) {
      if (this.#here.has(seat)) continue
      const forget = this.#time.after(ABSENCE_MS, () => this.gone(seat))
      this.#here.set(seat, { place, open: 0, forget })
    }
    this.#afar.delete(node)
  }

  moved(seat: SeatId, place: Place | null): void {
    const known = this.#here.get(seat)
    if (!known || (known.place === null && place === null)) return
    known.place = place
    this.#due()
  }

  /** The text began anew: places in it name no item, and so no author, of before. */
  renewed(): void {
    for (const here of [...this.#here.values(), ...[...this.#afar.values()].flat()]) {
      if (here.place) here.place = placeAnew(here.place)
    }
  }

  /** Those on this node. */
  own(): Present[] {
    return [...this.#here].map(([seat, { place }]) => ({ seat, place }))
  }

  list(): Present[] {
    const known = new Map<SeatId, Present>()
    for (const one of [...this.#afar.values()].flat()) known.set(one.seat, one)
    // Where somebody who left this node is by now, another may know.
    for (const one of this.own()) if (this.#isOpen(one.seat) || !known.has(one.seat)) known.set(one.seat, one)
    return [...known.values()]
  }

  #isOpen(seat: SeatId): boolean {
    return (this.#here.get(seat)?.open ?? 0) > 0
  }

  get isEmpty(): boolean {
    return this.#here.size === 0 && this.#afar.size === 0
  }

  end(): void {
    this.#told()
    for (const { forget } of this.#here.values()) forget()
    this.#here.clear()
    this.#afar.clear()
  }

  #due(isOwn = true): void {
    this.#isOwnDue ||= isOwn
    if (this.#isDue) return
    this.#isDue = true
    this.#told = this.#time.after(GATHER_MS, () => {
      const isOwn = this.#isOwnDue
      this.#isDue = false
      this.#isOwnDue = false
      this.#tell(isOwn)
    })
  }
}

const placeAnew = ({ clause, leaf }: Place): Place => (leaf === undefined ? { clause } : { clause, leaf })
