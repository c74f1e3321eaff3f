import type { Node } from 'prosemirror-model'
import type { EditorState } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import { type Outcome, ok } from '#shared/outcome.ts'
import type { Refusal } from '#shared/refusals.ts'
import { FORMATS, type Format } from '#shared/text/structure.ts'
import { type LeafRange, type Plan, planInsert, planRemove, planReplace, type Step } from '../room/plan.ts'
import { Refused } from '../room/room.ts'
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
    const ranges = from < to ? this.#rangesIn(from, to) : []
    const spot = this.#binding.spotAt(from)
    const formats = formatsOf(view.state)
    const sheet = this.#binding.text.sheet()
    if (ranges.length > 0) this.#carryOut(planReplace(sheet, ranges, words, formats))
    else if (spot && words !== '') this.#carryOut(planInsert(sheet, spot, words, formats))
  }

  /** Deletes what is between two places. `ahead`: as the Delete key does, which steps over words it may only strike. */
  erase(from: number, to: number, ahead = false): void {
    const ranges = this.#rangesIn(from, to)
    const sheet = this.#binding.text.sheet()
    const removed = planRemove(sheet, ranges)
    const last = ranges.at(-1)
    if (ahead && removed.ok && last && !sheet.mayWrite(last.leaf))
      removed.value.caret = { leaf: last.leaf, index: last.index + last.length }
    if (ranges.length > 0) this.#carryOut(removed)
  }

  /** What a selection covers, without the clauses that are locked, unless all of them are. */
  #rangesIn(from: number, to: number): LeafRange[] {
    const ranges = this.#binding.ranges(from, to)
    const open = ranges.filter(({ leaf }) => this.#binding.rowOfLeaf(leaf)?.clause.locked === false)
    return open.length > 0 ? open : ranges
  }

  /** Sets a format on what is selected of one's own words, or takes it away when all of them have it. False: none of it is one's own. */
  format({ state }: EditorView, format: 'strong' | 'em'): boolean {
    const { from, to } = state.selection
    const sheet = this.#binding.text.sheet()
    const ranges = this.#binding.ranges(from, to).filter(({ leaf }) => sheet.mayWrite(leaf))
    const first = ranges[0]
    if (!first) return false
    const on = !hasAll(state.doc, from, to, format)
    const steps = ranges.map((range): Step => ({ do: 'format', ...range, format, on }))
    this.perform(ok({ steps, caret: first }))
    this.#binding.draw()
    return true
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
    if (this.perform(planned) && planned.ok) this.#binding.draw({ caret: planned.value.caret })
  }
  /** Carries a plan out without drawing it. False: it is refused. */
  perform(planned: Outcome<Plan, Refusal>): boolean {
    if (!planned.ok) {
      this.#refused(planned.refusal)
      return false
    }
    const { steps } = planned.value
    try {
      if (steps.length > 0) this.#binding.text.perform(planned.value)
    } catch (error) {
      // Sight of the text ended a moment ago; the page is about to say so.
      if (!(error instanceof Refused)) throw error
      this.#refused(error.refusal)
      return false
    }
    this.#binding.touch(steps.flatMap((step) => (step.do === 'ask' ? [] : [step.leaf])))
    this.#refused(null)
    return true
  }
}

/** Whether all letters between two places have the format. */
function hasAll(doc: Node, from: number, to: number, format: Format): boolean {
  let all = true
  doc.nodesBetween(from, to, (node) => {
    if (node.isText && !node.marks.some(({ type }) => type.name === format)) all = false
  })
  return all
}

/** The formats the person chose for what comes next; absent: those of the words around it. */
function formatsOf({ storedMarks }: EditorState): Partial<Record<Format, true>> | undefined {
  if (!storedMarks) return undefined
  const names = new Set(storedMarks.map(({ type }) => type.name))
  return Object.fromEntries(FORMATS.filter((format) => names.has(format)).map((format) => [format, true]))
}
