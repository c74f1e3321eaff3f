import type * as Y from 'yjs'
import { type ClauseId, type LeafId, parseOpaque, type TrackId } from '#shared/ids.ts'
import type { Outcome } from '#shared/outcome.ts'
import type { Place } from '#shared/protocol/frames.ts'
import type { Refusal } from '#shared/refusals.ts'
import { openLeaf } from '#shared/text/leaf.ts'
import { type Plan, planInsert, planRemove, type Sheet } from './plan.ts'
import { type OpenText, Refused, type Structure, type TextEventName } from './room.ts'
import type { TextLine } from './text-line.ts'

/** One open text of this seat, as screens, tests and programs use it. */
export class LiveText implements OpenText {
  readonly line: TextLine

  constructor(line: TextLine) {
    this.line = line
  }

  get track(): TrackId {
    return this.line.track
  }
  get doc(): Y.Doc {
    return this.line.copy.doc
  }
  get level(): OpenText['level'] {
    return this.line.level
  }
  get structure(): Structure {
    return this.line.copy.structure
  }
  get unsent(): ReadonlySet<LeafId> {
    return this.line.unsent
  }
  text(leaf: string): Y.Text {
    return openLeaf(this.doc, known(parseOpaque<LeafId>(leaf)))
  }
  plain(clause: string): string {
    return known(this.line.copy.plain(known(parseOpaque<ClauseId>(clause))))
  }
  mayWrite(leaf: LeafId): boolean {
    return this.line.copy.mayWrite(leaf)
  }
  sheet(): Sheet {
    return this.line.copy.sheet()
  }

  async insert(at: { leaf: string; index: number }, words: string): Promise<void> {
    this.#mustBeOpen()
    const leaf = known(parseOpaque<LeafId>(at.leaf))
    this.perform(planned(planInsert(this.sheet(), { leaf, index: at.index }, words)))
  }
  async remove(at: { leaf: string; index: number; length: number }): Promise<void> {
    this.#mustBeOpen()
    const leaf = known(parseOpaque<LeafId>(at.leaf))
    this.perform(planned(planRemove(this.sheet(), [{ leaf, index: at.index, length: at.length }])))
  }
  perform(plan: Plan): void {
    this.#mustBeOpen()
    this.line.copy.perform(plan)
  }
  #mustBeOpen(): void {
    if (this.line.over) throw new Refused(this.line.over)
  }

  undo(): void {
    if (!this.line.over) this.line.copy.history.undo()
  }
  redo(): void {
    if (!this.line.over) this.line.copy.history.redo()
  }
  get canUndo(): boolean {
    return !this.line.over && this.line.copy.history.canUndo
  }
  get canRedo(): boolean {
    return !this.line.over && this.line.copy.history.canRedo
  }
  stopCapturing(): void {
    this.line.copy.history.stopCapturing()
  }

  saved(): Promise<void> {
    return this.line.saved()
  }
  here(place: Place | null): void {
    this.line.here(place)
  }
  on(event: TextEventName, listener: (detail: unknown) => void): () => void {
    return this.line.on(event, listener)
  }
  close(): void {
    this.line.close()
  }
}

function known<T>(value: T | null): T {
  if (value === null) throw new Refused({ code: 'no-such-thing' })
  return value
}
function planned(plan: Outcome<Plan, Refusal>): Plan {
  if (!plan.ok) throw new Refused(plan.refusal)
  return plan.value
}
