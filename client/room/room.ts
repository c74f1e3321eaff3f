import type * as Y from 'yjs'
import type { Command } from '#shared/domain/commands.ts'
import type { View } from '#shared/domain/view.ts'
import type { LeafId, TrackId } from '#shared/ids.ts'
import type { Look, Place, Shown } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import type { ArticleView, ClauseView, StructureView } from '#shared/text/structure.ts'
import type { Keep } from './keep.ts'
import type { Plan, Sheet } from './plan.ts'

/** The public shape of the headless client. `enterRoom` is in `index.ts`. Names here are contracts (design.md 6). */

/** Thrown by every call that the room refused. `code` is one of `shared/refusals.ts`. */
export class Refused extends Error {
  override name = 'Refused'
  readonly code: Refusal['code']
  readonly refusal: Refusal
  constructor(refusal: Refusal) {
    super(refusal.code)
    this.code = refusal.code
    this.refusal = refusal
  }
}

export type Connection =
  | { at: 'joining'; attempt: number }
  | { at: 'live' }
  /** Away; tries again at `retryAt` (the machine's clock, ms). */
  | { at: 'waiting'; attempt: number; retryAt: number }
  /** Ended for good: session ended, page outdated, closed by us. */
  | { at: 'ended'; refusal: Refusal | null }

/** What the header says. `saved`: every local word is durable. */
export type Saving =
  | { at: 'saved'; since: number }
  | { at: 'saving' }
  /** `changes`: places with words that did not go out, as a person would count them; not keystrokes. */
  /** `kept`: on this device, where they outlive the page. */
  | { at: 'not-sent'; changes: number; kept?: true }
  | { at: 'not-saving'; reason: string; changes: number }

export interface RoomOptions {
  url: string
  /** Absent in a browser: the seat's cookie is used, named by `process` and `seat`. */
  token?: string
  process?: string
  seat?: string
  /** The device's store for texts whose grant allows a copy there. */
  keep?: Keep
  /** Resolves when the person would rather read the copy on the device than wait for the first word from the server. */
  impatient?: Promise<unknown>
}

export interface Room {
  readonly me: { seat: string; party: string; role: string }
  /** What this seat may see, always current. */
  readonly view: View
  onView(listener: (view: View) => void): () => void
  readonly connection: Connection
  onConnection(listener: (connection: Connection) => void): () => void
  readonly saving: Saving
  onSaving(listener: (saving: Saving) => void): () => void
  /** Where others are, by track; only of tracks this seat shares. */
  presence(track: string): Presence[]
  onPresence(listener: (track: string, here: Presence[]) => void): () => void
  /** Hears who is in these tracks, and that their texts changed, without being there. Replaces what was watched before. */
  watch(tracks: string[]): void
  /** A watched text changed; told at most once a second. */
  onStirred(listener: (track: string) => void): () => void
  /** Words of a text that was left before they were saved, and that it did not take: nobody listens there any more. */
  onLost(listener: (lost: AwayWords) => void): () => void
  /** When what is shown was kept on this device (its clock, ms); null once the server's own word is there. Changes with `connection`. */
  readonly copyFrom: number | null
  /** Whether words are written on this page that nobody else has and that would go with it. */
  readonly isOnlyHere: boolean
  /** Whether a copy of the track may be on this device. */
  isKept(track: string): boolean
  /** Puts on the device at once what may be kept there. Call when the page may go. */
  flush(): Promise<void>
  /** Erases all that is kept on the device of this seat. Nothing is kept from then on. */
  forget(): Promise<void>
  /** Resolves when durable, one that narrows access when in force; rejects with `Refused`. */
  act(command: Command): Promise<{ made: string[] }>
  /** Asks to see something that changes nothing; rejects with `Refused`. */
  look(look: Look): Promise<Shown>
  /** Rejects with `Refused` 'no-such-thing' when hidden or absent. The same track twice gives the same text. */
  open(track: string): Promise<OpenText>
  /** Tries to connect now instead of at `retryAt`. */
  retry(): void
  /** Resolves when all that was written is durable, or after three seconds; offline at once. */
  close(): Promise<void>
}
export interface Presence {
  seat: string
  place: Place | null
}

/** The structure with what follows from the words: `hash` and `state` are computed when read. */
export interface Structure extends Omit<StructureView, 'articles'> {
  articles: (Omit<ArticleView, 'clauses'> & { clauses: StructureClause[] })[]
}
export interface StructureClause extends Omit<ClauseView, 'items'> {
  readonly hash: string
  readonly state: ClauseState
  items: StructureClause[]
}
export type ClauseState = 'open' | 'bracketed' | 'ad-referendum' | 'agreed' | 'locked'

export interface OpenText {
  readonly track: string
  /** The document of the track's full audience; another object after 'renewed'. */
  readonly doc: Y.Doc
  text(leaf: string): Y.Text
  /** As drawn: brackets that typing opened are in it before the server planted them (`pending`). */
  readonly structure: Structure
  readonly level: 'read' | 'comment' | 'suggest' | 'edit'
  /**
   * As a person types, index in UTF-16 units of the leaf's Y.Text; resolves when drawn. As 'suggest' in words that are not
   * one's own it opens a bracket there; touching one's own bracket extends that one.
   */
  insert(at: { leaf: string; index: number }, words: string): Promise<void>
  /** As a person deletes: own words leave, agreed words are struck, others' brackets stay. Resolves when drawn. */
  remove(at: { leaf: string; index: number; length: number }): Promise<void>
  /** Whether this seat may write in the leaf now. */
  mayWrite(leaf: LeafId): boolean
  /** The clause's words as shown: `[inserted - TAV]`, `[-struck - TAV]`, holders joined by commas. */
  plain(clause: string): string
  /** What the planner (`plan.ts`) reads: structure and words as drawn, and this seat's rights. For `planInsert`, `planRemove`, `planReplace`. */
  sheet(): Sheet
  /** Carries out a plan as one step of undo: words at once, brackets drawn at once and asked for. */
  perform(plan: Plan): void
  /** Takes back this seat's last typing, bracket or strike; others' words stay. Does nothing when there is none. */
  undo(): void
  redo(): void
  readonly canUndo: boolean
  readonly canRedo: boolean
  /** Ends the current step of undo: what is typed next is a step of its own. */
  stopCapturing(): void
  /** Leaves with words of one's own that wait for the line to come back; changes with the room's `saving`. */
  readonly unsent: ReadonlySet<LeafId>
  /**
   * Resolves when every local change is durable. Rejects with `Refused` as soon as one of them is refused or set aside, or
   * sight of the text ends. What was given back to its author is no local change any more: the next call waits for the rest.
   */
  saved(): Promise<void>
  /** Tells the others where one is; null: nowhere in this text. */
  here(place: Place | null): void
  on(event: TextEventName, listener: (detail: unknown) => void): () => void
  /** Nobody is told of anything any more; the text ends as soon as what was written is durable. */
  close(): void
}
/**
 * 'structure' and 'words' (detail: leaves that changed) fire after every change, local or not, when both stand as they belong
 * together. 'moves' (detail: `Move[]`) comes before them: carets move with the words. 'renewed': `doc` and its texts are other
 * objects. 'caught-up': after a time away, the same objects hold what was missed. 'refused' (detail: `LostWords` with `refusal`), 'set-aside' and 'withdrawn' (detail: `LostWords`) offer the author the
 * words that could not go where they were typed. 'level' has the new level, 'undo' says that `canUndo` or `canRedo` changed.
 */
export type TextEventName =
  | 'level'
  | 'withdrawn'
  | 'refused'
  | 'saved'
  | 'renewed'
  | 'caught-up'
  | 'structure'
  | 'words'
  | 'moves'
  | 'set-aside'
  | 'undo'

/** Words of this seat that did not reach the text, for their author. */
export interface LostWords {
  refusal?: Refusal
  words: { leaf: LeafId; clause: string | null; words: string }[]
}
/** Such words of a text that is not in front any more, or whose track ended. */
export interface AwayWords extends LostWords {
  track: TrackId
  title: string
}
