import {
  createDecoder,
  hasContent,
  readTailAsUint8Array,
  readUint8,
  readUint16,
  readVarString,
  readVarUint,
} from 'lib0/decoding'
import {
  createEncoder,
  toUint8Array,
  writeUint8,
  writeUint8Array,
  writeUint16,
  writeVarString,
  writeVarUint,
} from 'lib0/encoding'
import type { Command } from '../domain/commands.ts'
import type { View } from '../domain/view.ts'
import type {
  AskId,
  DocumentId,
  Hash,
  IncarnationId,
  Instant,
  ItemId,
  LeafId,
  PartyId,
  SeatId,
  TrackId,
} from '../ids.ts'
import type { Level, Refusal } from '../refusals.ts'
import type { Move } from '../text/structure.ts'
import type { Json, Patch } from './patch.ts'
import { longOf, shortOf } from './typed.ts'

/**
 * Everything that crosses the wire after the handshake, as one binary frame each: one byte of kind, then the body.
 * Words are compact binary; the rest is JSON. `channel` (two random bytes) stands for one open document of one connection.
 * Frame bytes are handed to Socket.IO's custom parser (`shared/protocol/parser.ts`) unchanged.
 */

/** The handshake: Socket.IO's `auth`. `seat` says which seat's cookie the server is to take when there is no token. */
export interface Hello {
  protocol: number
  schema: number
  token?: string
  seat?: string
  process?: string
}

export type Up =
  /** Ask for something. Answered once, by `answered`. */
  | { frame: 'act'; ask: AskId; command: Command }
  /** Ask to see something that changes nothing. Answered once, by `shown` or `answered` with a refusal. */
  | { frame: 'look'; ask: AskId; look: Look }
  /** Open a text, or resume it after a reconnect. Answered by `opened`, or `answered` with a refusal. */
  | { frame: 'open'; ask: AskId; track: TrackId; resume?: Resume }
  | { frame: 'leave'; channel: number }
  /** Words of one's own lane: frame number `number` counts from 0 in the lane. One in flight per document. */
  | { frame: 'words'; channel: number; number: number; update: Uint8Array }
  /** How many bytes of `text` frames of this channel have been applied, counted from `opened`. */
  | { frame: 'got'; channel: number; bytes: number }
  /** Where one is: null when nowhere in this text. */
  | { frame: 'here'; channel: number; place: Place | null }
  /**
   * Hear who is in these texts, by `presence`, and that they changed, by `stirred`, without being in them. Replaces what was
   * watched before; tracks that are hidden or absent are passed over. A new connection watches nothing.
   */
  | { frame: 'watch'; tracks: TrackId[] }
  /** The view of this track is closed, memory and stored copies erased. Everything before it was received. */
  | { frame: 'receipt'; withdrawal: string }

export type Look =
  /** The room exactly as a party (its head) sees it, under `changes` if given. Mediators only. */
  | { type: 'PreviewAs'; party: PartyId; changes?: Extract<Command, { type: 'SetAccess' }>['changes'] }
  /** A track's text as that party would see it. Mediators only, and only of tracks the mediator may read. */
  | {
      type: 'PreviewText'
      party: PartyId
      track: TrackId
      changes?: Extract<Command, { type: 'SetAccess' }>['changes']
    }
  /** Who was last where, in the texts one sees. */
  | { type: 'LastSeen' }

export interface Resume {
  incarnation: IncarnationId
  /** Yjs state vector of what the client has, base64. */
  vector: string
  /** The lane the client wrote under, to go on with it. */
  client: number
}
/** A caret or only a clause: item left of the caret in `leaf` (null: its start). */
export interface Place {
  clause: string
  leaf?: LeafId
  after?: ItemId | null
  /** The other end of a selection. */
  head?: { leaf: LeafId; after: ItemId | null }
}

export type Down =
  /** The first frame of a connection. */
  | { frame: 'welcome'; view: Json; mark: string; now: Instant }
  /** `view`, packed, changed by `patch` from the one marked `from`; an unknown mark is answered by a new `welcome`. */
  | { frame: 'view'; patch: Patch; from: string; mark: string }
  | { frame: 'answered'; ask: AskId; made: string[] }
  | { frame: 'refused'; ask: AskId; refusal: Refusal }
  | { frame: 'shown'; ask: AskId; shown: Shown }
  | { frame: 'opened'; ask: AskId | null; opened: Opened; update: Uint8Array }
  /** One log position (or several, merged) of one text. A structure patch is applied before the words it explains. */
  | { frame: 'text'; channel: number; structure: Patch | null; moves: Move[]; update: Uint8Array | null }
  /** The lane's frame `number` is durable. Comes after the `text` that carries it; words of nobody else's with it are not sent back. */
  | { frame: 'acked'; channel: number; number: number }
  /** The lane's frame `number` was refused, and the lane with it: the client asks for a new lane by `open` with `resume`. */
  | { frame: 'words-refused'; channel: number; number: number; refusal: Refusal }
  /** Sight of a track ended. Nothing of it follows; the client erases it and answers `receipt`. */
  | { frame: 'withdrawn'; withdrawal: string; track: TrackId }
  | { frame: 'presence'; track: TrackId; here: { seat: SeatId; place: Place | null }[] }
  /** A watched text changed; at most once a second. */
  | { frame: 'stirred'; track: TrackId }
  /** Whether the log takes writes: shown on every screen. */
  | { frame: 'saving'; state: 'saving' | 'not-saving'; reason?: 'disk-full' | 'read-only' | 'unavailable' }
  /** The last frame of a connection. */
  | { frame: 'bye'; refusal: Refusal }

export interface Opened {
  track: TrackId
  channel: number
  document: DocumentId
  incarnation: IncarnationId
  level: Exclude<Level, 'hidden'>
  /** `StructureView`, packed. */
  structure: Json
  /** The leased Yjs client id, the next frame number and the next clock of the lane. */
  lane: { client: number; number: number; clock: number }
  /**
   * Where the lane named in `resume` stood in the log, when `lane` is another one: so the client knows which of its last words
   * were recorded before a new incarnation. Absent or null: not this seat's, or never used.
   */
  was?: { number: number; clock: number } | null
  /** True when `update` completes what the client named in `resume`; false when it is the whole of a new incarnation. */
  resumed: boolean
}
export type Shown =
  | { type: 'PreviewAs'; view: View; newlySees: TrackId[]; loses: TrackId[]; cannotBeUndone: TrackId[] }
  | {
      type: 'PreviewText'
      structure: Json
      update: string
      hash: Hash
      /** As `presence` tells the party. */
      here: { seat: SeatId; place: Place | null }[]
    }
  /**
   * Of each seat that reads a text the asker sees, and was in it since the asker sees it: the last one, and when, in whole
   * minutes. As far as this node heard since it started.
   */
  | { type: 'LastSeen'; seen: { seat: SeatId; track: TrackId; at: Instant }[] }

/** Limits of one frame, in bytes: a typed refusal before anything is parsed further. */
export const MAX_FRAME_UP = 128 * 1024
export const MAX_UPDATE = 64 * 1024

/** Kinds below 16 belong to the Socket.IO parser's own packets. */
const UP = { act: 16, look: 17, open: 18, leave: 19, words: 20, got: 21, here: 22, receipt: 23, watch: 24 } as const
const DOWN = {
  welcome: 32,
  view: 33,
  answered: 34,
  refused: 35,
  shown: 36,
  opened: 37,
  text: 38,
  acked: 39,
  'words-refused': 40,
  withdrawn: 41,
  presence: 42,
  saving: 43,
  bye: 44,
  stirred: 45,
} as const
const STRUCTURE = 1
const MOVES = 2
/** `words` and `text` of nothing but words typed on, in their short form (`typed.ts`). */
const TYPED_UP = 25
const TYPED_DOWN = 46

/** Names by kind. */
const namesOf = (kinds: Record<string, number>): (string | undefined)[] => {
  const names: (string | undefined)[] = []
  for (const [name, kind] of Object.entries(kinds)) names[kind] = name
  return names
}
const UP_NAMES = namesOf(UP)
const DOWN_NAMES = namesOf(DOWN)

export function encodeUp(frame: Up): Uint8Array<ArrayBuffer> {
  const encoder = createEncoder()
  const short = frame.frame === 'words' ? shortOf(frame.update) : null
  if (frame.frame === 'words' && short) {
    writeUint8(encoder, TYPED_UP)
    writeUint16(encoder, frame.channel)
    writeVarUint(encoder, frame.number)
    writeUint8Array(encoder, short)
    return toUint8Array(encoder)
  }
  writeUint8(encoder, UP[frame.frame])
  switch (frame.frame) {
    case 'words':
      writeUint16(encoder, frame.channel)
      writeVarUint(encoder, frame.number)
      writeUint8Array(encoder, frame.update)
      break
    case 'got':
      writeUint16(encoder, frame.channel)
      writeVarUint(encoder, frame.bytes)
      break
    case 'leave':
      writeUint16(encoder, frame.channel)
      break
    default: {
      const { frame: _, ...body } = frame
      writeVarString(encoder, JSON.stringify(body))
    }
  }
  return toUint8Array(encoder)
}

/** Null when the bytes are no frame. JSON bodies are checked no further: the gateway parses them against their schema. */
export function decodeUp(bytes: Uint8Array): Up | null {
  return decode(bytes, UP_NAMES, (decoder, name) => {
    switch (name as Up['frame'] | undefined) {
      case undefined: {
        if (bytes[0] !== TYPED_UP) return null
        const channel = readUint16(decoder)
        const number = readVarUint(decoder)
        return { frame: 'words', channel, number, update: longOf(readTailAsUint8Array(decoder)) }
      }
      case 'words':
        return { channel: readUint16(decoder), number: readVarUint(decoder), update: readTailAsUint8Array(decoder) }
      case 'got':
        return { channel: readUint16(decoder), bytes: readVarUint(decoder) }
      case 'leave':
        return { channel: readUint16(decoder) }
      default:
        return readJson(decoder)
    }
  }) as Up | null
}

export function encodeDown(frame: Down): Uint8Array<ArrayBuffer> {
  if (frame.frame === 'acked') return encodeAcked(frame.channel, frame.number)
  const encoder = createEncoder()
  const isWordsOnly = frame.frame === 'text' && !frame.structure && frame.moves.length === 0
  const short = isWordsOnly && frame.update ? shortOf(frame.update) : null
  if (frame.frame === 'text' && short) {
    writeUint8(encoder, TYPED_DOWN)
    writeUint16(encoder, frame.channel)
    writeUint8Array(encoder, short)
    return toUint8Array(encoder)
  }
  writeUint8(encoder, DOWN[frame.frame])
  switch (frame.frame) {
    case 'text':
      writeUint16(encoder, frame.channel)
      writeUint8(encoder, (frame.structure ? STRUCTURE : 0) | (frame.moves.length > 0 ? MOVES : 0))
      if (frame.structure) writeVarString(encoder, JSON.stringify(frame.structure))
      if (frame.moves.length > 0) writeVarString(encoder, JSON.stringify(frame.moves))
      if (frame.update) writeUint8Array(encoder, frame.update)
      break
    case 'opened':
      writeVarString(encoder, JSON.stringify({ ask: frame.ask, opened: frame.opened }))
      writeUint8Array(encoder, frame.update)
      break
    default: {
      const { frame: _, ...body } = frame
      writeVarString(encoder, JSON.stringify(body))
    }
  }
  return toUint8Array(encoder)
}

/** Null when the bytes are no frame. */
export function decodeDown(bytes: Uint8Array): Down | null {
  return decode(bytes, DOWN_NAMES, (decoder, name) => {
    switch (name as Down['frame'] | undefined) {
      case undefined: {
        if (bytes[0] !== TYPED_DOWN) return null
        const channel = readUint16(decoder)
        const update = longOf(readTailAsUint8Array(decoder))
        return { frame: 'text', channel, structure: null, moves: [], update }
      }
      case 'text': {
        const channel = readUint16(decoder)
        const flags = readUint8(decoder)
        const structure = flags & STRUCTURE ? JSON.parse(readVarString(decoder)) : null
        const moves = flags & MOVES ? JSON.parse(readVarString(decoder)) : []
        return { channel, structure, moves, update: hasContent(decoder) ? readTailAsUint8Array(decoder) : null }
      }
      case 'acked':
        return { channel: readUint16(decoder), number: readVarUint(decoder) }
      case 'opened':
        return { ...JSON.parse(readVarString(decoder)), update: readTailAsUint8Array(decoder) }
      default:
        return readJson(decoder)
    }
  }) as Down | null
}

/** In one piece: said of every frame of words. */
function encodeAcked(channel: number, number: number): Uint8Array<ArrayBuffer> {
  const size = number < 128 ? 4 : number < 16_384 ? 5 : 11
  const bytes = new Uint8Array(size)
  bytes[0] = DOWN.acked
  bytes[1] = channel & 255
  bytes[2] = channel >> 8
  let at = 3
  let rest = number
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 128
  bytes[at++] = rest
  return at === size ? bytes : bytes.slice(0, at)
}

type Decoder = ReturnType<typeof createDecoder>
/** `body` is asked of an unknown kind too, and may know it by its first byte. */
function decode(
  bytes: Uint8Array,
  names: (string | undefined)[],
  body: (decoder: Decoder, name: string | undefined) => object | null,
): object | null {
  try {
    const decoder = createDecoder(bytes)
    const name = names[readUint8(decoder)]
    const read = body(decoder, name)
    return read && name !== undefined ? { ...read, frame: name } : read
  } catch {
    return null
  }
}

function readJson(decoder: Decoder): object {
  const value: unknown = JSON.parse(readVarString(decoder))
  if (typeof value !== 'object' || value === null || hasContent(decoder)) throw new Error('no body')
  return value
}
