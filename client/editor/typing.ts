import type { Node } from 'prosemirror-model'
import type { EditorState } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import type { Outcome } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { FORMATS, type Format } from '#shared/text/structure.ts'
import { type LeafRange, type Plan, planInsert, planRemove, planReplace, type Spot } from '../room/plan.ts'
import type { Binding } from './binding.ts'
import { characterBeside } from './steps.ts'

/** What the person does to the words, as plans: asked of the planner, carried out by the text, and then drawn. */
export class Typing {
  #binding: Binding
  #refused: (refusal: Refusal | null) => void

  /** `refused` hears why something could not be written, and null once something was. */
  constructor(binding: Binding, refused: (refusal: Refusal | null) => void) {
    this.#binding = binding
    this.#refused = refused
  }

  /** Types `words` over the selection, or between `from` and `to`. */
  type(view: EditorView, words: string, from = view.state.selection.from, to = view.state.selection.to): void {
    const ranges = from < to ? this.#binding.ranges(from, to) : []
    const spot = this.#binding.spotAt(from)
    if (spot) this.put(spot, ranges, words, formatsOf(view.state))
  }
  put(spot: Spot, ranges: LeafRange[], words: string, formats?: Partial<Record<Format, true>>): void {
    const sheet = this.#binding.text.sheet()
    if (ranges.length > 0) this.#carryOut(planReplace(sheet, ranges, words, formats))
    else if (words !== '') this.#carryOut(planInsert(sheet, spot, words, formats))
  }

  /** Deletes what is between two places. `ahead`: as the Delete key does, which steps over words it may only strike. */
  erase(from: number, to: number, ahead = false): void {
    const ranges = this.#binding.ranges(from, to)
    const sheet = this.#binding.text.sheet()
    const removed = planRemove(sheet, ranges)
    const last = ranges.at(-1)
    if (ahead && removed.ok && last && !sheet.mayWrite(last.leaf))
      removed.value.caret = { leaf: last.leaf, index: last.index + last.length }
    if (ranges.length > 0) this.#carryOut(removed)
  }

  /** What Backspace (-1) and Delete (1) take: the selection, else the character beside the caret. */
  eraseBeside({ state }: EditorView, by: 1 | -1): void {
    const { selection, doc } = state
    const sheet = this.#binding.text.sheet()
    const enters = (bracket: Node): boolean => sheet.mayWrite(bracket.attrs['leaf'])
    const taken = selection.empty ? characterBeside(doc, selection.head, by, enters) : selection
    if (taken) this.erase(taken.from, taken.to, by === 1)
  }

  undo(): void {
    this.#binding.text.undo()
    this.#binding.draw({ follow: true })
  }
  redo(): void {
    this.#binding.text.redo()
    this.#binding.draw({ follow: true })
  }

  #carryOut(planned: Outcome<Plan, Refusal>): void {
    if (!planned.ok) {
      this.#refused(planned.refusal)
      return
    }
    const { steps, caret } = planned.value
    if (steps.length > 0) this.#binding.text.perform(planned.value)
    this.#binding.touch(steps.flatMap((step) => (step.do === 'ask' ? [] : [step.leaf])))
    this.#binding.draw({ caret })
    this.#refused(null)
  }
}

/** The formats the person chose for what comes next; absent: those of the words around it. */
export function formatsOf({ storedMarks }: EditorState): Partial<Record<Format, true>> | undefined {
  if (!storedMarks) return undefined
  const names = new Set(storedMarks.map(({ type }) => type.name))
  return Object.fromEntries(FORMATS.filter((format) => names.has(format)).map((format) => [format, true]))
}
