import type { TrackView, View } from '#shared/domain/view.ts'
import type { PartyId, SeatId } from '#shared/ids.ts'
import type { Room } from '../room/room.ts'
import { type Audience, audienceOf } from './audience.ts'

export type KnownParty = View['parties'][number]

/** What this viewer may see, as the server last sent it. The room pushes; screens only read. */
export class ViewState {
  #view: View
  #parties = $derived.by(() => new Map(this.current.parties.map((party) => [party.id, party])))
  #people = $derived.by(() => new Map(this.current.people.map((person) => [person.id, person])))
  /** Widest audience first, as the list of tracks shows them. */
  tracks = $derived.by(() => this.current.tracks.map((track) => ({ track, audience: audienceOf(track, this.current) })))

  constructor(room: Pick<Room, 'view' | 'onView'>) {
    this.#view = $state.raw(room.view)
    room.onView((view) => {
      this.#view = view
    })
  }

  get current(): View {
    return this.#view
  }
  party(id: PartyId): KnownParty | null {
    return this.#parties.get(id) ?? null
  }
  /** A party's name, or its id when the viewer was never told it. */
  partyName = (id: PartyId): string => this.party(id)?.name ?? id
  slotOf(id: PartyId): number {
    return this.party(id)?.slot ?? 1
  }
  /** A person's name where the viewer may know it, else their party's. */
  personName(seat: SeatId, party: PartyId | null = null): string {
    if (seat === this.current.me.seat) return this.current.me.name
    return this.#people.get(seat)?.name ?? (party ? this.partyName(party) : '')
  }
  partyOfSeat(seat: SeatId): KnownParty | null {
    const party = seat === this.current.me.seat ? this.current.me.party : this.#people.get(seat)?.party
    return party ? this.party(party) : null
  }
  track(id: string | null): TrackView | null {
    return this.current.tracks.find((track) => track.id === id) ?? null
  }
  audience(track: TrackView): Audience {
    return audienceOf(track, this.current)
  }
}
