import type {
  AnnexId,
  ArticleId,
  BracketId,
  ClauseId,
  CommentId,
  Hash,
  Instant,
  ItemId,
  LeafId,
  PartyId,
  SeatId,
  SessionId,
  TrackId,
} from '../ids.ts'
import type { Level } from '../refusals.ts'
import type { Article, SeedText } from '../text/structure.ts'
import type { Annex, CommentAudience, ExportForm, Grant, Position, Quote, Role, TrackKind } from './process.ts'

/** What somebody asks. Imperative; parsed once at the edge (`shared/protocol/command-schema.ts`); `by` and `at` never come from the wire. */
export type Command = ProcessCommand | TextCommand | AccessCommand | FileCommand

export type ProcessCommand =
  | { type: 'AcceptCharter'; hash: Hash }
  /** Opens the talks; refused `consent-missing` with the parties whose acceptance is missing. The last acceptance opens them by itself. */
  | { type: 'OpenTalks' }
  /** One atomic batch of cells. Exactly one of `party` and `seat` in each. Resolves when every narrowing in it is in force. */
  | {
      type: 'SetAccess'
      changes: { track: TrackId; party?: PartyId; seat?: SeatId; level: Level; grant?: Partial<Grant> }[]
    }
  | { type: 'OpenTrack'; title: string; kind: TrackKind; access: Record<string, Level>; text?: SeedText }
  | { type: 'RenameTrack'; track: TrackId; title: string }
  /** No words and no acts in the track until it is resumed; its readers read on. */
  | { type: 'PauseTrack'; track: TrackId }
  | { type: 'ResumeTrack'; track: TrackId }
  /** For good: readers keep it, nobody writes in it again. */
  | { type: 'CloseTrack'; track: TrackId }
  /** To the parties named, or to all who read a track; to everyone accredited when neither is given. */
  | { type: 'PublishNotice'; words: string; to?: PartyId[]; track?: TrackId }
  /** All parties in their new order. Refused `round-begun` once a delegation has proposed or agreed to something. */
  | { type: 'OrderParties'; parties: PartyId[] }
  /**
   * By a leader for its own party, or a mediator for one that is no delegation (then the seat is there at once): made = [the
   * seat's id]. `replaces`: whose place the person takes when accredited.
   */
  | { type: 'NominateSeat'; party: PartyId; role: Role; name: string; replaces?: SeatId }
  | { type: 'AccreditSeat'; seat: SeatId }
  /** By a mediator; or by the party's leader, who takes it back or off the list. */
  | { type: 'DeclineSeat'; seat: SeatId }
  /** Ends every session of the seat and takes its open link back. Resolves when in force. */
  | { type: 'SuspendSeat'; seat: SeatId }
  /** By the side that suspended it. */
  | { type: 'RestoreSeat'; seat: SeatId }
  /** Another person in the same role: made = [their seat's id]. Resolves when the old one's sessions are closed everywhere. */
  | { type: 'ReplaceSeat'; seat: SeatId; name: string }
  | {
      type: 'Comment'
      track: TrackId
      clause: ClauseId
      words: string
      quote?: Quote | string
      audience: CommentAudience
      answers?: CommentId
    }
  | { type: 'ResolveComment'; comment: CommentId }
  | {
      type: 'TakePosition'
      track: TrackId
      clause: ClauseId
      hash: Hash
      position: Position['position']
      until?: Instant
    }

export type TextCommand = { track: TrackId } & (
  | { type: 'AddArticle'; kind: Article['kind']; title: string; after: ArticleId | null }
  | { type: 'RenameArticle'; article: ArticleId; title: string }
  /** Only an article without clauses. */
  | { type: 'RemoveArticle'; article: ArticleId }
  | { type: 'RenameText'; title: string }
  | { type: 'AddClause'; article: ArticleId; parent: ClauseId | null; after: ClauseId | null; words?: string }
  | { type: 'RemoveClause'; clause: ClauseId }
  | { type: 'MoveClause'; clause: ClauseId; article: ArticleId; parent: ClauseId | null; after: ClauseId | null }
  | { type: 'SplitClause'; clause: ClauseId; after: ItemId | null }
  | { type: 'MergeClause'; clause: ClauseId }
  | { type: 'LockClause'; clause: ClauseId }
  | { type: 'UnlockClause'; clause: ClauseId }
  | { type: 'AgreeClause'; clause: ClauseId; hash: Hash; until?: Instant }
  | { type: 'WithdrawClauseAgreement'; clause: ClauseId }
  /** Opens a bracket of kind insert (with `after`: the item left of the caret, null at the start) or delete (with `struck`). */
  | { type: 'OpenBracket'; bracket: BracketId; clause: ClauseId; host: LeafId; kind: 'insert'; after: ItemId | null }
  | {
      type: 'OpenBracket'
      bracket: BracketId
      clause: ClauseId
      host: LeafId
      kind: 'delete'
      struck: { from: ItemId; to: ItemId }
    }
  | { type: 'ExtendStrike'; bracket: BracketId; struck: { from: ItemId; to: ItemId } }
  /** With `hash`, by a head or alternate: consent to the words it names, too. */
  | { type: 'JoinBracket'; bracket: BracketId; hash?: Hash }
  | { type: 'WithdrawBracket'; bracket: BracketId }
  | { type: 'AgreeBracket'; bracket: BracketId; hash: Hash }
  | { type: 'AcceptBracket'; bracket: BracketId }
  /** Asked by a holder whose bracket shows no words; closes it only if the server's leaf is empty too. */
  | { type: 'CloseEmptyBracket'; bracket: BracketId }
)

/** Decided in `server/access` (they make secrets). `made` carries a code once, in the answer only. */
export type AccessCommand =
  /** A head for its own delegation, a mediator for anyone: made = [code]. */
  | { type: 'IssueInvitation'; seat: SeatId }
  | { type: 'RevokeInvitation'; invitation: Hash }
  /** Another device for oneself: made = [code]. */
  | { type: 'AddDevice' }
  | { type: 'ConfirmDevice'; session: SessionId; figures: string }
  | { type: 'EndSession'; session: SessionId }
  /** The language of the asker's own screens, on every device. Refused `not-confirmed`, `nothing-to-change`. */
  | { type: 'ChooseLanguage'; language: string }

export type FileCommand =
  /** Words for a text that has none yet. Refused `already-exists` when it has. */
  | { type: 'FillText'; track: TrackId; text: SeedText }
  | { type: 'RemoveAnnex'; track: TrackId; annex: AnnexId }
  | StoredCommand
/** What only the server asks, in a seat's name, when it has taken in or given out a file: never on the wire. */
export type StoredCommand =
  /** The bytes are stored and were looked through. made = [the annex's id]. */
  | { type: 'AttachAnnex'; track: TrackId; annex: Omit<Annex, 'by' | 'party' | 'at'> }
  /** The text is about to leave the room; refused where the grant does not say so. */
  | { type: 'ExportText'; track: TrackId; form: ExportForm }

export type CommandType = Command['type']
