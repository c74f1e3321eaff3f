import type {
  AnnexId,
  ArticleId,
  BracketId,
  ClauseId,
  CommentId,
  Hash,
  IncarnationId,
  Instant,
  ItemId,
  LeafId,
  NoticeId,
  PartyId,
  ProcessId,
  SeatId,
  SessionId,
  TrackId,
} from '../ids.ts'
import type { Article, BracketKind, ClosedLeaf, Move, Run, Text } from '../text/structure.ts'
import type {
  AccessChange,
  Annex,
  Charter,
  CommentAudience,
  ExportForm,
  Party,
  Position,
  Quote,
  Role,
  Seat,
  Secretariat,
  Track,
} from './process.ts'

/** What happened. Past tense; a fact in the log is never refused by `evolve`. */
export type Event = ProcessEvent | TextEvent

export type ProcessEvent =
  | {
      type: 'ProcessStarted'
      id: ProcessId
      title: string
      languages: string[]
      charter: Omit<Charter, 'accepted'>
      secretariat: Secretariat
      parties: Party[]
      seats: Seat[]
      /** Open from the first instant when acceptance is waived. */
      open: boolean
    }
  | { type: 'CharterAccepted'; party: PartyId; hash: Hash }
  | { type: 'TalksOpened' }
  /** `track.text`, when present, comes with `words`: every node builds the same first bytes from both. */
  | { type: 'TrackOpened'; track: Track; words: Record<LeafId, Run[]> | null }
  /** A text that had no words: `text` is all of it now, under a new incarnation; every node builds the same bytes from both. */
  | { type: 'TextFilled'; track: TrackId; text: Text; words: Record<LeafId, Run[]> }
  /** Its bytes were stored before. */
  | { type: 'AnnexAttached'; track: TrackId; annex: Omit<Annex, 'by' | 'party' | 'at'> }
  | { type: 'AnnexRemoved'; track: TrackId; annex: AnnexId }
  | { type: 'TextExported'; track: TrackId; form: ExportForm }
  | { type: 'AccessSet'; changes: AccessChange[] }
  /** A grant's last instant passed. A second one about the same cell is void. */
  | { type: 'Expired'; track: TrackId; party?: PartyId; seat?: SeatId; due: Instant }
  /** Words for this text wait with their clients, two seconds at most: the server is about to make a big move that others' words overtook. */
  | { type: 'TextHeld'; track: TrackId }
  | { type: 'TrackRenamed'; track: TrackId; title: string }
  | { type: 'TrackPaused'; track: TrackId }
  | { type: 'TrackResumed'; track: TrackId }
  | { type: 'TrackClosed'; track: TrackId }
  | { type: 'NoticePublished'; id: NoticeId; words: string; to: PartyId[] | null; track?: TrackId }
  | { type: 'PartiesOrdered'; parties: PartyId[] }
  | { type: 'SeatNominated'; seat: SeatId; party: PartyId; role: Role; name: string; replaces: SeatId | null }
  /** The nomination becomes a seat. One that replaces ends the other: its sessions and its open link with it. */
  | { type: 'SeatAccredited'; seat: SeatId; party: PartyId }
  | { type: 'SeatDeclined'; seat: SeatId; party: PartyId }
  /** Its sessions and its open link end with it. */
  | { type: 'SeatSuspended'; seat: SeatId; party: PartyId }
  | { type: 'SeatRestored'; seat: SeatId; party: PartyId }
  | {
      type: 'Commented'
      id: CommentId
      track: TrackId
      clause: ClauseId
      words: string
      audience: CommentAudience
      quote: Quote | null
      answers: CommentId | null
    }
  | { type: 'CommentResolved'; comment: CommentId }
  | {
      type: 'PositionTaken'
      party: PartyId
      track: TrackId
      clause: ClauseId
      position: Position['position']
      hash: Hash
      until?: Instant
    }

/** Events about one text. `moves` and other places are filled in by `server/documents/acts.ts` at the event's place in the log. */
export type TextEvent = { track: TrackId } & (
  | { type: 'ArticleAdded'; article: Omit<Article, 'clauses'>; after: ArticleId | null }
  | { type: 'ArticleRenamed'; article: ArticleId; title: string }
  | { type: 'ArticleRemoved'; article: ArticleId }
  | { type: 'TextRenamed'; title: string }
  /** Words, if any, come as the server's update in the same log step. */
  | {
      type: 'ClauseAdded'
      clause: ClauseId
      leaf: LeafId
      article: ArticleId
      parent: ClauseId | null
      after: ClauseId | null
      words: string
    }
  /** The clause and its items leave; `archive` keeps the words. `closed` says where late ones go (a neighbour's leaf). */
  | { type: 'ClauseRemoved'; clause: ClauseId; archive: Record<LeafId, Run[]>; closed: Record<LeafId, ClosedLeaf> }
  | { type: 'ClauseMoved'; clause: ClauseId; article: ArticleId; parent: ClauseId | null; after: ClauseId | null }
  /** The words right of `after` (null: all of them) now stand in `made`, with the brackets placed there. Strikes across become two. */
  | {
      type: 'ClauseSplit'
      clause: ClauseId
      after: ItemId | null
      made: ClauseId
      leaf: LeafId
      moves: Move[]
      /** Brackets that now sit in the new clause. */
      carried: BracketId[]
      /** Strikes as they stand after the split: replaced ends, and new second halves. */
      strikes: { bracket: BracketId; struck: { from: ItemId; to: ItemId }; clause: ClauseId; halfOf?: BracketId }[]
    }
  /** `clause` joined its elder sibling `into`; its words stand at the end there. */
  | {
      type: 'ClauseMerged'
      clause: ClauseId
      into: ClauseId
      moves: Move[]
      carried: BracketId[]
      strikes: { bracket: BracketId; struck: { from: ItemId; to: ItemId } }[]
      closed: ClosedLeaf
    }
  | { type: 'ClauseLocked'; clause: ClauseId }
  | { type: 'ClauseUnlocked'; clause: ClauseId }
  | { type: 'ClauseAgreed'; clause: ClauseId; party: PartyId; hash: Hash; until?: Instant }
  | { type: 'ClauseAgreementWithdrawn'; clause: ClauseId; party: PartyId }
  | {
      type: 'BracketOpened'
      bracket: BracketId
      kind: BracketKind
      clause: ClauseId
      host: LeafId
      /** Where the embed is planted: after this item of `host` (null: at the start). Settled by the server. */
      after: ItemId | null
      struck: { from: ItemId; to: ItemId } | null
      holders: PartyId[]
      /** Whose words they are, when the server opened it to keep words that came late. Absent: who asked. */
      placedBy?: SeatId
    }
  /** `hash` names the clause with the new holder, filled in at the event's place in the log. `agrees`: the joiner consents to it. */
  | { type: 'BracketJoined'; bracket: BracketId; party: PartyId; hash?: Hash; agrees?: true }
  /** Somebody who cannot bind wrote in it: its proposer no longer consents by having placed it. In one log step with the words. */
  | { type: 'BracketReworded'; bracket: BracketId }
  | { type: 'StrikeExtended'; bracket: BracketId; struck: { from: ItemId; to: ItemId } }
  /** One holder left; `closed` is set when it was the last: the words leave and `archive` keeps them. Nested brackets climb to the host's place. */
  | {
      type: 'BracketWithdrawn'
      bracket: BracketId
      party: PartyId
      closed: ClosedLeaf | null
      archive: Record<LeafId, Run[]>
      climbed: BracketId[]
      moves: Move[]
    }
  | { type: 'BracketAgreed'; bracket: BracketId; party: PartyId; hash: Hash }
  /** Insert: its words stand in the host now. Delete: the struck words left. Nested brackets climb into the host; `strikes` of them by their new ids. */
  | {
      type: 'BracketAccepted'
      bracket: BracketId
      moves: Move[]
      closed: ClosedLeaf | null
      climbed: BracketId[]
      strikes: { bracket: BracketId; struck: { from: ItemId; to: ItemId } }[]
      archive: Record<LeafId, Run[]>
    }
  /** The server's leaf was empty, embeds included. */
  | { type: 'BracketEmptied'; bracket: BracketId; closed: ClosedLeaf }
  /** Late words were moved to where they belong; their update stands in the same log step. */
  | { type: 'WordsRelocated'; moves: Move[] }
  /** A new incarnation: every node builds the same bytes from structure and words. */
  | {
      type: 'TextRebased'
      incarnation: IncarnationId
      client: number
      /** SHA-256 of the bytes every node must have built. */
      hash: Hash
      /** Strikes in the ids of the new incarnation. */
      strikes: { bracket: BracketId; struck: { from: ItemId; to: ItemId } }[]
      /**
       * What the clauses that somebody agreed to are named now. Agreements to other words end here: their hashes are of words
       * from before.
       */
      current?: Hash[]
    }
)

/** An event with what the log says about it. `evolve` folds this. */
export interface Fact<E = Event> {
  event: E
  by: SeatId | 'server' | 'operator'
  at: Instant
  /** Set on the first event of an answered ask. */
  ask?: string
  made?: string[]
}

/** Facts of the access family, folded apart (`shared/domain/access.ts`); only hashes, never a code or a token. */
export type AccessEvent =
  | { type: 'InvitationIssued'; invitation: Hash; seat: SeatId; until: Instant; confined: boolean }
  | { type: 'InvitationRedeemed'; invitation: Hash; session: SessionId; token: Hash; figures: Hash | null }
  | { type: 'InvitationRevoked'; invitation: Hash }
  | { type: 'DeviceConfirmed'; session: SessionId }
  | { type: 'SessionEnded'; session: SessionId }
  /** Of the screens, not of the talks: it goes with the seat from device to device. */
  | { type: 'LanguageChosen'; seat: SeatId; language: string }
