import * as Y from 'yjs'
import type { View } from '#shared/domain/view.ts'
import {
  type AskId,
  type BracketId,
  type ClauseId,
  type Hash,
  type IncarnationId,
  type LeafId,
  type PartyId,
  parseOpaque,
  type SeatId,
  type TrackId,
} from '#shared/ids.ts'
import type { Opened, Resume } from '#shared/protocol/frames.ts'
import { applyPatch, type Json, type Patch, unpack } from '#shared/protocol/patch.ts'
import { includes, type Level } from '#shared/refusals.ts'
import { plain, textHash } from '#shared/text/compose.ts'
import { keepMarks } from '#shared/text/keep-marks.ts'
import { insertAt, openLeaf, type Words, wordsOf } from '#shared/text/leaf.ts'
import { leafRightsInView, mayWrite } from '#shared/text/rights.ts'
import { clauseState } from '#shared/text/state.ts'
import type { ClauseView, StructureView } from '#shared/text/structure.ts'
import { findClause } from '#shared/text/structure-view.ts'
import type { Time } from '#shared/world.ts'
import { History } from './history.ts'
import type { KeptUnsent } from './keep.ts'
import { liveStructure } from './live-structure.ts'
import { Outbox } from './outbox.ts'
import { composedWords, drawnWords, Overlay } from './overlay.ts'
import type { Plan, Sheet, Step, TypedCommand } from './plan.ts'
import { addAll, addRange, type Ranges, tidy } from './ranges.ts'
import type { Structure } from './room.ts'
import { leavesOf } from './sheet.ts'

export interface CopyPorts {
  time: Time
  by: { seat: SeatId; party: PartyId }
  view(): View
  level(): Level
  mint<T extends string>(): T
  words(number: number, update: Uint8Array): void
  ask(ask: AskId, command: TypedCommand): void
  /** The count of unsaved changes may be another. */
  changed(): void
  told(event: 'words' | 'structure' | 'undo', detail: unknown): void
}

/** What a copy is made from. */
export type CopyOf = Pick<Opened, 'track' | 'incarnation' | 'lane' | 'structure'>

/** What stands for a text of which nothing may be kept. */
export const nothingOf = ({ track, incarnation }: Pick<CopyOf, 'track' | 'incarnation'>): CopyOf => ({
  track,
  incarnation,
  lane: { client: 0, number: 0, clock: 0 },
  structure: { articles: { by: {}, order: [] }, language: '', title: '' },
})

/** The origin of local changes that undo takes back. */
const TYPED = Symbol('typed')
/** The origin of what came from another copy. */
const CARRIED = Symbol('carried')
const SERVED = Symbol('served')

interface Drawn {
  structure: StructureView
  /** For planning: indexes are those of the `Y.Text`. */
  words: Words
  /** For composing: with the places of brackets that are not planted yet. */
  composed: Words
}

/**
 * This seat's copy of one incarnation of a text: the document with what is unsent in it, the structure as the server sent it,
 * and what typing drew on top. What happens here goes into the outbox; who looks is told.
 */
export class TextCopy {
  readonly track: TrackId
  readonly incarnation: IncarnationId
  readonly doc: Y.Doc
  readonly outbox: Outbox
  readonly overlay: Overlay
  readonly history: History
  readonly #ports: CopyPorts
  #packed: Json = null
  #served: StructureView = { title: '', language: '', articles: [] }
  #drawn: Drawn | null = null
  #live: Structure | null = null
  readonly #hashes = new Map<ClauseId, { key: string; hash: Hash }>()
  /** How often each leaf changed, and how often the structure as drawn did. */
  readonly #versions = new Map<LeafId, number>()
  #structures = 0
  /** What was deleted here and is kept until the server has it: to be carried over by its words. */
  #deleted: Ranges = new Map()
  #isServing = false
  /** Leaves that updates of others changed and nobody was told of yet. */
  #servedLeaves = new Set<LeafId>()

  /** `past`: what an earlier page left unsent on top of it. */
  constructor(opened: CopyOf, update: Uint8Array, ports: CopyPorts, past: KeptUnsent | null = null) {
    this.#ports = ports
    this.track = opened.track
    this.incarnation = opened.incarnation
    const doc = new Y.Doc({ gcFilter: () => this.#isServing })
    doc.clientID = opened.lane.client
    keepMarks(doc)
    this.doc = doc
    this.overlay = new Overlay(ports.by)
    this.outbox = new Outbox(doc, opened.lane, {
      mint: () => ports.mint<AskId>(),
      words: ports.words,
      ask: ports.ask,
      changed: ports.changed,
    })
    this.history = new History(doc, TYPED, {
      now: () => ports.time.now(),
      sheet: () => this.sheet(),
      carryOut: (steps) => this.#carryOut(steps),
      changed: () => ports.told('undo', null),
    })
    this.structured(opened.structure)
    this.apply(update)
    if (past) this.#restore(past)
    this.#servedLeaves.clear()
    doc.on('afterTransaction', (transaction: Y.Transaction) => this.#happened(transaction))
  }

  #restore(past: KeptUnsent): void {
    this.outbox.restore(past)
    addAll(this.#deleted, new Map(past.deletes))
    // What was deleted there keeps its words here, to be carried over by them.
    Y.applyUpdate(this.doc, past.update, SERVED)
    this.redraw()
  }

  // ---- what it shows

  /** The structure as the server sent it. */
  get packed(): Json {
    return this.#packed
  }
  get drawn(): Drawn {
    if (!this.#drawn) {
      const structure = this.overlay.draw(this.#served)
      const words = wordsOf(this.doc)
      this.#drawn = { structure, words: drawnWords(structure, words), composed: composedWords(structure, words) }
    }
    return this.#drawn
  }
  get structure(): Structure {
    this.#live ??= liveStructure(this.drawn.structure, {
      hash: (clause) => this.#hashOf(clause),
      state: (clause, hash) => clauseState(clause, hash ?? '', this.#consenting(), this.#ports.time.now()),
    })
    return this.#live
  }
  /** The hash is kept while neither the structure nor one of the clause's leaves changes. */
  #hashOf(clause: ClauseView): Hash {
    const leaves = [clause.leaf, ...clause.brackets.flatMap(({ leaf }) => leaf ?? [])]
    const key = [this.#structures, ...leaves.map((leaf) => this.#versions.get(leaf) ?? 0)].join()
    const known = this.#hashes.get(clause.id)
    if (known?.key === key) return known.hash
    const { structure, composed } = this.drawn
    const hash = textHash(clause, structure.language, composed)
    this.#hashes.set(clause.id, { key, hash })
    return hash
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
  /** Null: no such clause. */
  plain(clause: ClauseId): string | null {
    const { structure, composed } = this.drawn
    const found = findClause(structure, clause)
    const { parties } = this.#ports.view()
    return found && plain(found, composed, (party) => parties.find(({ id }) => id === party)?.short ?? party)
  }
  mayWrite(leaf: LeafId): boolean {
    return this.#mayWriteIn(this.drawn.structure, leaf)
  }
  #mayWriteIn(structure: StructureView, leaf: LeafId): boolean {
    const rights = leafRightsInView(structure, leaf)
    return rights !== null && mayWrite(rights, { party: this.#ports.by.party, level: this.#ports.level() })
  }
  sheet(): Sheet {
    const { structure, words } = this.drawn
    return {
      track: this.track,
      structure,
      words,
      party: this.#ports.by.party,
      level: this.#ports.level(),
      mayWrite: (leaf) => this.#mayWriteIn(structure, leaf),
      mint: () => this.#ports.mint<BracketId>(),
    }
  }
  /** Something outside of the text that the structure speaks of may be another. */
  lookAgain(): void {
    this.#live = null
  }
  /** What typing drew is another. */
  redraw(): void {
    this.#structures++
    this.#refresh()
  }
  #refresh(): void {
    this.#drawn = null
    this.#live = null
    for (const { ask, command } of this.outbox.commands())
      if (!this.overlay.change(ask, command)) this.overlay.add(ask, command, this.#ports.time.now())
  }

  // ---- what this seat does

  perform(plan: Plan): void {
    this.history.step(plan, () => this.#carryOut(plan.steps))
  }
  /** Words between two commands are one transaction; commands keep their place between the words. */
  #carryOut(steps: Step[]): void {
    let words: Exclude<Step, { do: 'ask' }>[] = []
    const write = (): void => {
      const now = words
      words = []
      if (now.length === 0) return
      this.doc.transact(() => {
        for (const step of now) this.#write(step)
      }, TYPED)
    }
    for (const step of steps) {
      if (step.do !== 'ask') words.push(step)
      else {
        write()
        this.ask(step.command)
      }
    }
    write()
    if (steps.some((step) => step.do === 'ask')) this.#ports.told('structure', null)
  }
  #write(step: Exclude<Step, { do: 'ask' }>): void {
    const leaf = openLeaf(this.doc, step.leaf)
    if (step.do === 'delete') leaf.delete(step.index, step.length)
    else if (step.do === 'format') leaf.format(step.index, step.length, { [step.format]: step.on ? true : null })
    else if (step.formats) leaf.insert(step.index, step.words, step.formats)
    else insertAt(leaf, step.index, step.words, TYPED)
  }
  /** Asks behind what was written so far, and draws it. */
  ask(command: TypedCommand): void {
    this.outbox.ask(command)
    this.redraw()
  }
  /** Local changes that undo does not know. */
  carry(change: (origin: unknown) => void): void {
    this.doc.transact(() => change(CARRIED), CARRIED)
  }

  #happened(transaction: Y.Transaction): void {
    const isServed = transaction.origin === SERVED
    const leaves = leavesIn(this.doc, transaction)
    if (!isServed) this.#collect(transaction, leaves)
    if (leaves.length === 0) return
    for (const leaf of leaves) this.#versions.set(leaf, (this.#versions.get(leaf) ?? 0) + 1)
    this.#refresh()
    if (!isServed) this.#ports.told('words', leaves)
    else for (const leaf of leaves) this.#servedLeaves.add(leaf)
  }
  #collect({ deleteSet, beforeState, afterState }: Y.Transaction, leaves: LeafId[]): void {
    const deletes: Ranges = new Map()
    for (const [client, items] of deleteSet.clients)
      for (const { clock, len } of items) addRange(deletes, client, clock, len)
    addAll(this.#deleted, deletes)
    const { client } = this.outbox
    if (deletes.size > 0 || beforeState.get(client) !== afterState.get(client)) this.outbox.collect(deletes, leaves)
  }
  /** The server has all deletions: their words need not be kept any more, but for what undo brings back. */
  forgetDeleted(): void {
    if (this.#deleted.size === 0) return
    const set = Y.createDeleteSet()
    for (const [client, list] of tidy(this.#deleted)) {
      set.clients.set(
        client,
        list.map(([clock, len]) => ({ clock, len })),
      )
    }
    this.#deleted = new Map()
    Y.tryGc(set, this.doc.store, () => true)
  }

  // ---- what the server says

  structured(packed: Json): void {
    this.#packed = packed
    this.#served = unpack(packed) as unknown as StructureView
    this.overlay.settle(this.#served)
    // A root that arrives before it has a type is not a text yet.
    for (const leaf of leavesOf(this.#served)) openLeaf(this.doc, leaf)
    this.redraw()
  }
  patched(patch: Patch): void {
    this.structured(applyPatch(this.#packed, patch))
  }
  /** False when the document waits for something that was lost. */
  apply(update: Uint8Array): boolean {
    this.#isServing = true
    try {
      Y.applyUpdate(this.doc, update, SERVED)
    } finally {
      this.#isServing = false
    }
    const { pendingStructs, pendingDs } = this.doc.store
    return pendingStructs === null && pendingDs === null
  }
  /** What a new connection is told, to go on with this copy. */
  get resume(): Resume {
    const vector = base64(Y.encodeStateVector(this.doc))
    return { incarnation: this.incarnation, vector, client: this.outbox.client }
  }
  /** Tells of the leaves that the server changed since the last time. */
  tellServed(): void {
    const leaves = [...this.#servedLeaves]
    this.#servedLeaves.clear()
    this.#refresh()
    if (leaves.length > 0) this.#ports.told('words', leaves)
  }

  /** Nothing of the words stays in this object. */
  end(): void {
    this.history.clear()
    this.doc.destroy()
    this.outbox.pause()
    this.structured({ articles: { by: {}, order: [] }, language: '', title: '' })
    this.#hashes.clear()
  }
}

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
