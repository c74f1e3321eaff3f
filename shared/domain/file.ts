import { type PartyId, parsePartyId, parseSeatId, type SeatId } from '../ids.ts'
import { type Outcome, ok, refuse } from '../outcome.ts'
import { type FileTrack, readTracks } from './file-tracks.ts'
import type { Mistake } from './mistake.ts'
import {
  type Charter,
  MAX_NAME,
  MAX_SEATS,
  type Party,
  type PartyKind,
  ROLES,
  type Role,
  type Seat,
  type Secretariat,
} from './process.ts'
import { Reading, readId, readInstant } from './reading.ts'
import { tableOf } from './rows.ts'

export type { FileTrack } from './file-tracks.ts'

/** A process file as read: complete, with everything that the file left to defaults. */
export interface ProcessFile {
  title: string
  languages: string[]
  charter: Pick<Charter, 'text' | 'decisionRule' | 'acceptance'>
  secretariat: Secretariat
  parties: Party[]
  seats: Seat[]
  /** In the file's order, the caucuses that it left to be made at the end. */
  tracks: FileTrack[]
}

const KINDS = ['delegation', 'mediation', 'civil', 'observer', 'guarantor', 'expert', 'verifier'] as const
const MAX_PARTIES = 100
/** Room for `caucus-` in front of it in an id of 40 characters. */
const MAX_PARTY_ID = 32

/**
 * Reads a process file given as plain values. Names every mistake with its place (`parties[2].kind`); a key it does not know
 * is one. Who is not named in a track's `access` is hidden from it. A caucus is made for every delegation that has none,
 * unless the file says `caucuses: false`.
 */
export function parseProcessFile(input: unknown): Outcome<ProcessFile, Mistake[]> {
  const reading = new Reading()
  const keys = ['title', 'languages', 'charter', 'secretariat', 'parties', 'seats', 'tracks', 'caucuses']
  const file = reading.record(input, '', keys)
  if (!file) return refuse(reading.mistakes)
  const title = reading.line(file['title'], 'title', 300)
  const languages = readLanguages(reading, file['languages'])
  const charter = readCharter(reading, file['charter'])
  const secretariat = readSecretariat(reading, file['secretariat'])
  const parties = readParties(reading, file['parties'])
  const seats = readSeats(reading, file['seats'], parties)
  checkCast(reading, parties, seats, charter)
  const hasCaucuses = reading.flag(file['caucuses'], 'caucuses', true)
  const cast = { parties: tableOf<PartyId, Party>(parties), seats: tableOf<SeatId, Seat>(seats) }
  const tracks = readTracks(reading, file['tracks'], cast, hasCaucuses)
  if (reading.mistakes.length > 0) return refuse(reading.mistakes)
  return ok({ title, languages, charter, secretariat, parties, seats, tracks })
}

function readLanguages(reading: Reading, value: unknown): string[] {
  const found = reading.list(value ?? ['en'], 'languages', 20).map((one, index) => {
    const where = `languages[${index}]`
    const language = reading.line(one, where, 35)
    if (language !== '' && !/^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/i.test(language)) {
      reading.mistake(where, 'A language tag belongs here, as en, fr or pt-BR.')
    }
    return language
  })
  if (value !== undefined && found.length === 0) reading.mistake('languages', 'At least one language belongs here.')
  return [...new Set(found)]
}

function readCharter(reading: Reading, value: unknown): ProcessFile['charter'] {
  const charter = reading.record(value ?? {}, 'charter', ['text', 'decisionRule', 'acceptance']) ?? {}
  const acceptance = reading.oneOf(charter['acceptance'], 'charter.acceptance', ['waived', 'required'], 'waived')
  const isNeeded = acceptance === 'required'
  return {
    text: reading.words(charter['text'] ?? (isNeeded ? undefined : ''), 'charter.text', 100_000, !isNeeded),
    decisionRule:
      reading.oneOf(charter['decisionRule'], 'charter.decisionRule', ['consensus'], 'consensus') ?? 'consensus',
    acceptance: acceptance ?? 'waived',
  }
}

function readSecretariat(reading: Reading, value: unknown): Secretariat {
  const desk = reading.record(value ?? {}, 'secretariat', ['name', 'phone', 'email']) ?? {}
  const part = (key: string) => reading.line(desk[key] ?? '', `secretariat.${key}`, MAX_NAME, true)
  return { name: part('name'), phone: part('phone'), email: part('email') }
}

function readParties(reading: Reading, value: unknown): Party[] {
  const taken = new Set<string>()
  const shorts = new Set<string>()
  const parties = reading.list(value, 'parties', MAX_PARTIES).flatMap((one, index): Party[] => {
    const where = `parties[${index}]`
    const party = reading.record(one, where, ['id', 'name', 'short', 'kind'])
    if (!party) return []
    const id = readId(reading, party['id'], `${where}.id`, parsePartyId, taken)
    if (id && id.length > MAX_PARTY_ID) reading.mistake(`${where}.id`, `${MAX_PARTY_ID} characters are the most.`)
    const name = reading.line(party['name'], `${where}.name`, MAX_NAME)
    const short = reading.line(party['short'] ?? id?.slice(0, 5).toUpperCase(), `${where}.short`, 5)
    if (short !== '' && shorts.has(short))
      reading.mistake(`${where}.short`, `"${short}" stands for another party already.`)
    shorts.add(short)
    const kind = reading.oneOf<PartyKind>(party['kind'], `${where}.kind`, KINDS)
    return id && kind ? [{ id, name, short, kind }] : []
  })
  if (Array.isArray(value) && value.length === 0) reading.mistake('parties', 'At least one party belongs here.')
  return parties
}

function readSeats(reading: Reading, value: unknown, parties: Party[]): Seat[] {
  const taken = new Set<string>(parties.map(({ id }) => id))
  return reading.list(value, 'seats', MAX_SEATS).flatMap((one, index): Seat[] => {
    const where = `seats[${index}]`
    const seat = reading.record(one, where, ['id', 'party', 'role', 'name', 'until'])
    if (!seat) return []
    const id = readId(reading, seat['id'], `${where}.id`, parseSeatId, taken)
    const party = readParty(reading, seat['party'], `${where}.party`, parties)
    const role = reading.oneOf<Role>(seat['role'], `${where}.role`, ROLES)
    const name = reading.line(seat['name'], `${where}.name`, MAX_NAME)
    const until = readInstant(reading, seat['until'], `${where}.until`)
    if (party && role) checkRole(reading, party, role, `${where}.role`)
    if (!id || !party || !role) return []
    return [{ id, party: party.id, role, name, ...(until === null ? {} : { until }) }]
  })
}

function readParty(reading: Reading, value: unknown, where: string, parties: Party[]): Party | null {
  const named = reading.line(value, where, 40)
  const party = parties.find(({ id }) => id === named)
  return party ?? (named === '' ? null : reading.mistake(where, `There is no party "${named}" in this file.`))
}

/** Mediators hold the desk, so they belong to nobody's delegation. */
function checkRole(reading: Reading, party: Party, role: Role, where: string): void {
  if (role === 'mediator' && party.kind !== 'mediation') {
    reading.mistake(where, 'A mediator has a seat in a party of kind mediation.')
  }
}

function checkCast(reading: Reading, parties: Party[], seats: Seat[], charter: ProcessFile['charter']): void {
  if (charter.acceptance !== 'required') return
  for (const [index, party] of parties.entries()) {
    const isLed = seats.some((seat) => seat.party === party.id && (seat.role === 'head' || seat.role === 'alternate'))
    if (party.kind === 'delegation' && !isLed) {
      reading.mistake(
        `parties[${index}]`,
        'A delegation that is to accept the charter needs a seat of role head or alternate.',
      )
    }
  }
}
