import * as Y from 'yjs'
import type { View } from '#shared/domain/view.ts'
import {
  type AskId,
  type BracketId,
  type IncarnationId,
  type LeafId,
  mintId,
  type PartyId,
  parseOpaque,
  type SeatId,
  type TrackId,
} from '#shared/ids.ts'
import type { Down, Opened, Place, Up } from '#shared/protocol/frames.ts'
import { applyPatch, type Json, unpack } from '#shared/protocol/patch.ts'
import { includes, type Refusal } from '#shared/refusals.ts'
import { plain, textHash } from '#shared/text/compose.ts'
import { keepMarks } from '#shared/text/keep-marks.ts'
import { insertAt, openLeaf, type Words, wordsOf } from '#shared/text/leaf.ts'
import { leafRightsInView, mayWrite } from '#shared/text/rights.ts'
import { clauseState } from '#shared/text/state.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { clausesOf } from '#shared/text/structure-view.ts'
import type { Random, Time } from '#shared/world.ts'
import type { Answer, Asking } from './asks.ts'
import { carryInto } from './carry.ts'
import { Listeners } from './events.ts'
import { Flow } from './flow.ts'
import { Here } from './here.ts'
import { History } from './history.ts'
import { liveStructure } from './live-structure.ts'
import { Outbox } from './outbox.ts'
import { drawnWords, Overlay } from './overlay.ts'
import { type Plan, planInsert, planRemove, type Sheet, type Step, type TypedCommand } from './plan.ts'
import type { Ranges } from './ranges.ts'
import { addRange } from './ranges.ts'
import { type LostWords, type OpenText, Refused, type Structure, type TextEventName } from './room.ts'
import { leavesOf } from './sheet.ts'
import { askedAnew, leafOpenedBy, lostWords, type Unsent, unsentOf } from './unsent.ts'

export interface TextPorts {
  time: Time
  random: Random
  by: { seat: SeatId; party: PartyId }
  view(): View
  isLive(): boolean
  send(frame: Up): void
  /** Asks once on this connection; after a reconnect this text asks anew. */
  ask(frame: Asking, answer: Answer): void
  /** Nobody waits for the answer any more. */
  forget(ask: AskId): void
  /** The count of unsaved changes may be another. */
  changed(): void
  ended(): void
}

/** Words were not taken and the lane stands: so long until they are sent again when nothing else says so. */
const AGAIN_MS = 300
/** The origin of local changes that undo takes back. */
const TYPED = Symbol('typed')
const SERVED = Symbol('served')

/** One open text of this seat. */
export class LiveText implements OpenText {
  readonly track: TrackId
  readonly #ports: TextPorts
  readonly #told = new Listeners<Record<TextEventName, unknown>>()
  readonly #here: Here
  #doc!: Y.Doc
  #outbox!: Outbox
  #overlay!: Overlay
  #history!: History
  #flow!: Flow
  #incarnation!: IncarnationId
  /** What stands for this text on the present connection; null while there is none. */
  #channel: number | null = null
  #packed: Json = null
  #served!: StructureView
  #drawn: { structure: StructureView; words: Words } | null = null
  #live: Structure | null = null
  /** When the seat's present sight began: words are carried within one sight only. */
  #since = 0
  #level: OpenText['level']
  #over: Refusal | null = null
  /** Leaves whose opening was refused: their words go back to their author. */
  readonly #barred = new Set<LeafId>()
  #waiting: { resolve(): void; reject(cause: Refused): void }[] = []
  #cancelAgain: (() => void) | null = null
  /** The `open` whose answer is on its way. */
  #opening: AskId | null = null
  #wasSaved = true

  constructor(opened: Opened, update: Uint8Array, ports: TextPorts) {
    this.track = opened.track
    this.#ports = ports
    this.#level = opened.level
    this.#here = new Here(ports.time, (place) => {
      if (this.#channel !== null) this.#ports.send({ frame: 'here', channel: this.#channel, place })
    })
    this.#begin(opened, update)
  }

  // ---- what it shows

  get doc(): Y.Doc {
    return this.#doc
  }
  get level(): OpenText['level'] {
    return this.#level
  }
  get channel(): number | null {
    return this.#channel
  }
  get unsaved(): number {
    return this.#over ? 0 : this.#outbox.unsaved
  }
  text(leaf: string): Y.Text {
    const id = parseOpaque<LeafId>(leaf)
    if (!id) throw new Refused({ code: 'no-such-thing' })
    return openLeaf(this.#doc, id)
  }
  get structure(): Structure {
    const { structure, words } = this.#draw()
    this.#live ??= liveStructure(structure, {
      hash: (clause) => textHash(clause, structure.language, words),
      state: (clause, hash) => clauseState(clause, hash, this.#consenting(), this.#ports.time.now()),
    })
    return this.#live
  }
  plain(clause: string): string {
    const { structure, words } = this.#draw()
    const found = [...clausesOf(structure)].find(({ id }) => id === clause)
    if (!found) throw new Refused({ code: 'no-such-thing' })
    const { parties } = this.#ports.view()
    return plain(found, words, (party) => parties.find(({ id }) => id === party)?.short ?? party)
  }
  mayWrite(leaf: LeafId): boolean {
    return this.#mayWriteIn(this.#draw().structure, leaf)
  }
  #mayWriteIn(structure: StructureView, leaf: LeafId): boolean {
    const rights = leafRightsInView(structure, leaf)
    return rights !== null && mayWrite(rights, { party: this.#ports.by.party, level: this.#level })
  }
  sheet(): Sheet {
    const { structure, words } = this.#draw()
    return {
      track: this.track,
      structure,
      words,
      party: this.#ports.by.party,
      level: this.#level,
      mayWrite: (leaf) => this.#mayWriteIn(structure, leaf),
      mint: () => this.#mint<BracketId>(),
    }
  }
  #draw(): { structure: StructureView; words: Words } {
    if (!this.#drawn) {
      const structure = this.#overlay.draw(this.#served)
      this.#drawn = { structure, words: drawnWords(structure, wordsOf(this.#doc)) }
    }
    return this.#drawn
  }
  /** The delegations whose agreement the charter asks for in this track. */
  #consenting(): PartyId[] {
    const { parties, tracks } = this.#ports.view()
    const audience = tracks.find(({ id }) => id === this.track)?.audience ?? []
    return parties
      .filter(({ kind }) => kind === 'delegation')
      .map(({ id }) => id)
      .filter((id) => audience.some(({ party, level }) => party === id && includes(level, 'suggest')))
  }

  // ---- what a person does

  async insert(at: { leaf: string; index: number }, words: string): Promise<void> {
    this.#mustBeOpen()
    const leaf = parseOpaque<LeafId>(at.leaf)
    if (!leaf) throw new Refused({ code: 'no-such-thing' })
    const plan = planInsert(this.sheet(), { leaf, index: at.index }, words)
    if (!plan.ok) throw new Refused(plan.refusal)
    this.perform(plan.value)
  }
  async remove(at: { leaf: string; index: number; length: number }): Promise<void> {
    this.#mustBeOpen()
    const leaf = parseOpaque<LeafId>(at.leaf)
    if (!leaf) throw new Refused({ code: 'no-such-thing' })
    const plan = planRemove(this.sheet(), [{ leaf, index: at.index, length: at.length }])
    if (!plan.ok) throw new Refused(plan.refusal)
    this.perform(plan.value)
  }
  perform(plan: Plan): void {
    this.#mustBeOpen()
    this.#history.step(plan, () => this.#carryOut(plan.steps))
  }
  #mustBeOpen(): void {
    if (this.#over) throw new Refused(this.#over)
  }

  /** Words between two commands are one transaction; commands keep their place between the words. */
  #carryOut(steps: Step[]): void {
    let words: Exclude<Step, { do: 'ask' }>[] = []
    const write = (): void => {
      const now = words
      words = []
      if (now.length === 0) return
      this.#doc.transact(() => {
        for (const step of now) this.#write(step)
      }, TYPED)
    }
    for (const step of steps) {
      if (step.do !== 'ask') words.push(step)
      else {
        write()
        this.#outbox.ask(step.command)
        this.#redraw()
      }
    }
    write()
    if (steps.some((step) => step.do === 'ask')) this.#told.tell('structure', null)
  }
  #write(step: Exclude<Step, { do: 'ask' }>): void {
    const leaf = openLeaf(this.#doc, step.leaf)
    if (step.do === 'delete') leaf.delete(step.index, step.length)
    else if (step.do === 'format') leaf.format(step.index, step.length, { [step.format]: step.on ? true : null })
    else if (step.formats) leaf.insert(step.index, step.words, step.formats)
    else insertAt(leaf, step.index, step.words, TYPED)
  }

  undo(): void {
    if (!this.#over) this.#history.undo()
  }
  redo(): void {
    if (!this.#over) this.#history.redo()
  }
  get canUndo(): boolean {
    return !this.#over && this.#history.canUndo
  }
  get canRedo(): boolean {
    return !this.#over && this.#history.canRedo
  }
  stopCapturing(): void {
    this.#history.stopCapturing()
  }

  saved(): Promise<void> {
    if (this.#over) return Promise.reject(new Refused(this.#over))
    if (this.#outbox.unsaved === 0) return Promise.resolve()
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }
  here(place: Place | null): void {
    this.#here.at(place)
  }
  on(event: TextEventName, listener: (detail: unknown) => void): () => void {
    return this.#told.on(event, listener)
  }
  close(): void {
    if (this.#channel !== null) this.#ports.send({ frame: 'leave', channel: this.#channel })
    this.end({ code: 'no-such-thing' })
  }

  // ---- one document's life

  #begin({ track: _, ...opened }: Opened, update: Uint8Array): void {
    const doc = new Y.Doc()
    doc.clientID = opened.lane.client
    keepMarks(doc)
    this.#doc = doc
    this.#overlay = new Overlay(this.#ports.by)
    this.#outbox = this.#newOutbox(doc, opened.lane)
    this.#history = new History(doc, TYPED, {
      sheet: () => this.sheet(),
      carryOut: (steps) => this.#carryOut(steps),
      changed: () => this.#told.tell('undo', null),
    })
    this.#incarnation = opened.incarnation
    this.#level = opened.level
    this.#since = this.#sightBegan()
    this.#onLine(opened)
    this.#apply(update)
    doc.on('afterTransaction', (transaction: Y.Transaction) => this.#happened(doc, transaction))
    this.#redraw()
  }
  #newOutbox(doc: Y.Doc, lane: Opened['lane']): Outbox {
    const outbox: Outbox = new Outbox(doc, lane, {
      mint: () => this.#mint<AskId>(),
      words: (number, update) => {
        if (this.#channel !== null) this.#ports.send({ frame: 'words', channel: this.#channel, number, update })
      },
      ask: (ask, command) => this.#askTyped(ask, command),
      changed: () => {
        if (outbox === this.#outbox) this.#tellSaved()
      },
    })
    return outbox
  }
  #onLine({ channel, structure }: Pick<Opened, 'channel' | 'structure'>): void {
    this.#channel = channel
    this.#flow?.end()
    this.#flow = new Flow(this.#ports.time, (bytes) => this.#ports.send({ frame: 'got', channel, bytes }))
    this.#structured(structure)
    this.#here.again()
  }
  #structured(packed: Json): void {
    this.#packed = packed
    this.#served = unpack(packed) as unknown as StructureView
    this.#overlay.settle(this.#served)
    // A root that arrives before it has a type is not a text yet.
    for (const leaf of leavesOf(this.#served)) openLeaf(this.#doc, leaf)
    this.#redraw()
  }
  #sightBegan(): number {
    return this.#ports.view().tracks.find(({ id }) => id === this.track)?.since ?? 0
  }
  #apply(update: Uint8Array): void {
    Y.applyUpdate(this.#doc, update, SERVED)
    const { store } = this.#doc
    if (store.pendingStructs || store.pendingDs) this.#resync()
  }

  /** Something changed in the document: what this seat did goes out, and whoever looks is told. */
  #happened(doc: Y.Doc, transaction: Y.Transaction): void {
    if (doc !== this.#doc || this.#over) return
    if (transaction.origin !== SERVED) this.#collect(transaction)
    const leaves = leavesIn(doc, transaction)
    if (leaves.length === 0) return
    this.#redraw()
    if (transaction.origin !== SERVED) this.#told.tell('words', leaves)
    else this.#changedLeaves.push(...leaves)
  }
  /** Leaves that the update being applied changed. */
  #changedLeaves: LeafId[] = []
  #collect({ deleteSet, beforeState, afterState }: Y.Transaction): void {
    const deletes: Ranges = new Map()
    for (const [client, items] of deleteSet.clients)
      for (const { clock, len } of items) addRange(deletes, client, clock, len)
    const { client } = this.#outbox
    if (deletes.size > 0 || beforeState.get(client) !== afterState.get(client)) this.#outbox.collect(deletes)
  }
  #redraw(): void {
    this.#drawn = null
    this.#live = null
    for (const { ask, command } of this.#outbox.commands())
      if (!this.#overlay.change(ask, command)) this.#overlay.add(ask, command, this.#ports.time.now())
  }

  // ---- the line

  hear(frame: Extract<Down, { frame: 'text' | 'acked' | 'words-refused' }>, size: number): void {
    if (frame.frame === 'acked') this.#outbox.acked(frame.number)
    else if (frame.frame === 'words-refused') this.#wordsRefused(frame.number, frame.refusal)
    else this.#textCame(frame, size)
  }
  #textCame({ structure, moves, update }: Extract<Down, { frame: 'text' }>, size: number): void {
    this.#changedLeaves = []
    if (structure) this.#structured(applyPatch(this.#packed, structure))
    if (update) this.#apply(update)
    this.#flow.applied(size)
    if (this.#over) return
    this.#redraw()
    if (moves.length > 0) this.#told.tell('moves', moves)
    if (structure) this.#told.tell('structure', null)
    const leaves = [...new Set(this.#changedLeaves)]
    if (leaves.length > 0) this.#told.tell('words', leaves)
  }

  /** The connection is gone: one goes on writing, nothing is sent. */
  lost(): void {
    this.#channel = null
    this.#flow.end()
    this.#outbox.pause()
    this.#cancelAgain?.()
    this.#cancelAgain = null
  }
  /** A connection is there again. */
  resume(): void {
    const vector = Y.encodeStateVector(this.#doc)
    const resume = { incarnation: this.#incarnation, vector: base64(vector), client: this.#outbox.client }
    this.#open({ resume }, (opened, update) => this.#resumed(opened, update))
  }
  /** What the document waits for was lost: asked for by state vector. */
  #resync(): void {
    if (!this.#ports.isLive()) return
    this.lost()
    this.resume()
  }
  #open(how: Pick<Extract<Up, { frame: 'open' }>, 'resume'>, then: (opened: Opened, update: Uint8Array) => void): void {
    this.#stopOpening()
    const ask = this.#mint<AskId>()
    this.#opening = ask
    this.#ports.ask(
      { frame: 'open', ask, track: this.track, ...how },
      {
        opened: (opened, update) => {
          this.#opening = null
          if (!this.#over) then(opened, update)
        },
        refused: (refusal) => this.end(refusal, 'withdrawn'),
      },
    )
  }
  /** Of two openings only the later one's answer counts. */
  #stopOpening(): void {
    if (this.#opening) this.#ports.forget(this.#opening)
    this.#opening = null
  }

  #resumed(opened: Opened, update: Uint8Array): void {
    this.#noteRecorded(opened)
    if (!opened.resumed) {
      this.#carry(opened, update, null)
      return
    }
    this.#changedLeaves = []
    this.#onLine(opened)
    this.#apply(update)
    this.#setLevel(opened.level)
    if (!this.#outbox.resume(opened.lane)) {
      this.#afresh(null)
      return
    }
    this.#told.tell('structure', null)
    this.#told.tell('words', [...new Set(this.#changedLeaves)])
    this.#tellSaved()
  }
  /** The frame in flight may have been recorded before the line went. */
  #noteRecorded({ was }: Opened): void {
    const flying = this.#outbox.flying
    if (was && flying !== null && was.number > flying) this.#outbox.acked(flying)
  }

  /** The server began a new incarnation. */
  renewed(opened: Opened, update: Uint8Array): void {
    if (!this.#over) this.#carry(opened, update, null)
  }
  /** Takes the text anew from the server, and puts what was unsent on top of it. */
  #afresh(refusal: Refusal | null): void {
    this.lost()
    this.#open({}, (opened, update) => this.#carry(opened, update, refusal))
  }

  /**
   * Another document takes the place of this one. Within one unbroken sight what was unsent goes over, but for words that a
   * refusal names or that may not stand there any more: those go back to their author.
   */
  #carry(opened: Opened, update: Uint8Array, refusal: Refusal | null): void {
    const unsent = unsentOf(this.#doc, this.#outbox, this.#draw())
    const since = this.#since
    const old = this.#doc
    this.#begin(opened, update)
    old.destroy()
    const mayGoOver = since === this.#sightBegan() && refusal?.code !== 'bad-update'
    const kept = mayGoOver ? this.#putOver(unsent) : new Set<LeafId>()
    this.#told.tell('renewed', null)
    this.#told.tell('level', this.#level)
    const lost = lostWords(
      unsent.changes.filter(({ leaf }) => !kept.has(leaf)),
      unsent.structure,
    )
    if (lost.length > 0) {
      const detail: LostWords = refusal ? { refusal, words: lost } : { words: lost }
      this.#told.tell(refusal ? 'refused' : 'set-aside', detail)
    }
    this.#tellSaved()
  }
  /** The leaves whose changes went over. */
  #putOver(unsent: Unsent): Set<LeafId> {
    const mayPropose = includes(this.#level, 'suggest')
    for (const command of unsent.commands) {
      const leaf = leafOpenedBy(command)
      if (!mayPropose || (leaf && this.#barred.has(leaf))) continue
      const anew = askedAnew(command, unsent, this.#draw())
      if (anew) this.#outbox.ask(anew)
      this.#redraw()
    }
    const kept = new Set<LeafId>()
    for (const change of unsent.changes) {
      if (this.#barred.has(change.leaf) || !this.mayWrite(change.leaf)) continue
      this.#doc.transact(() => carryInto(openLeaf(this.#doc, change.leaf), change, TYPED), TYPED)
      kept.add(change.leaf)
    }
    return kept
  }

  // ---- answers to what was typed

  #askTyped(ask: AskId, command: TypedCommand): void {
    this.#ports.ask(
      { frame: 'act', ask, command },
      {
        answered: () => this.#answered(ask),
        refused: (refusal) => this.#askRefused(ask, command, refusal),
      },
    )
  }
  #answered(ask: AskId): void {
    if (!this.#outbox.answered(ask)) return
    this.#overlay.answered(ask)
    this.#tellSaved()
  }
  #askRefused(ask: AskId, command: TypedCommand, refusal: Refusal): void {
    if (this.#over) return
    if (mayComeAgain(refusal)) {
      this.#againLater()
      return
    }
    if (refusal.code === 'already-exists') {
      this.#answered(ask)
      return
    }
    if (!this.#outbox.answered(ask)) return
    this.#overlay.drop(ask)
    const leaf = leafOpenedBy(command)
    // Its words are on their way behind it: the server refuses them too, and then they come back to their author.
    if (leaf) this.#barred.add(leaf)
    this.#redraw()
    this.#told.tell('structure', null)
    if (command.type !== 'CloseEmptyBracket') this.#told.tell('refused', { refusal, words: [] } satisfies LostWords)
    this.#tellSaved()
  }
  #wordsRefused(number: number, refusal: Refusal): void {
    if (number !== this.#outbox.flying) return
    if (mayComeAgain(refusal)) this.#againLater()
    else this.#afresh(refusal)
  }
  #againLater(): void {
    this.#cancelAgain ??= this.#ports.time.after(AGAIN_MS, () => {
      this.#cancelAgain = null
      this.sendAgain()
    })
  }
  /** What was not taken is sent again: the log takes words again, or some time has passed. */
  sendAgain(): void {
    if (this.#channel !== null && !this.#over) this.#outbox.again()
  }

  // ---- level and end

  /** The view changed. */
  looked(): void {
    const level = this.#ports.view().tracks.find(({ id }) => id === this.track)?.level
    if (level) this.#setLevel(level)
    this.#live = null
  }
  #setLevel(level: OpenText['level']): void {
    if (level === this.#level) return
    this.#level = level
    this.#told.tell('level', level)
  }

  /** The text is closed and forgotten. `told`: the event that says so, with what its author may keep. */
  end(refusal: Refusal, told?: 'withdrawn'): void {
    if (this.#over) return
    const { changes, structure } = unsentOf(this.#doc, this.#outbox, this.#draw())
    this.lost()
    this.#over = refusal
    this.#here.end()
    this.#doc.destroy()
    const detail: LostWords = { refusal, words: lostWords(changes, structure) }
    this.#forget()
    for (const { reject } of this.#waiting) reject(new Refused(refusal))
    this.#waiting = []
    this.#ports.ended()
    if (told) this.#told.tell(told, detail)
    this.#told.clear()
    this.#ports.changed()
  }
  /** Nothing of the words stays in this object. */
  #forget(): void {
    this.#doc = new Y.Doc()
    this.#packed = null
    this.#served = { title: '', language: '', articles: [] }
    this.#overlay = new Overlay(this.#ports.by)
    this.#outbox = this.#newOutbox(this.#doc, { client: this.#doc.clientID, number: 0, clock: 0 })
    this.#history.clear()
    this.#drawn = null
    this.#live = null
  }

  #tellSaved(): void {
    const isSaved = this.#outbox.unsaved === 0
    if (isSaved) {
      const waiting = this.#waiting
      this.#waiting = []
      for (const { resolve } of waiting) resolve()
    }
    if (isSaved && !this.#wasSaved) this.#told.tell('saved', null)
    this.#wasSaved = isSaved
    this.#ports.changed()
  }
  #mint<T extends string>(): T {
    return mintId<T>(this.#ports.random.bytes(22))
  }
}

/** The lane stands and the reason passes. */
const mayComeAgain = ({ code }: Refusal): boolean =>
  code === 'text-held' || code === 'not-saved' || code === 'too-fast' || code === 'unanswered' || code === 'draining'

function leavesIn(doc: Y.Doc, { changed }: Y.Transaction): LeafId[] {
  const leaves: LeafId[] = []
  if (changed.size === 0) return leaves
  for (const [name, type] of doc.share) {
    const leaf = changed.has(type) ? parseOpaque<LeafId>(name) : null
    if (leaf) leaves.push(leaf)
  }
  return leaves
}

function base64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
