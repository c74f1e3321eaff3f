import { type EditorState, Selection, TextSelection } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import type { Composition } from './composition.ts'
import { isMixed } from './direction.ts'
import { flushDom } from './dom.ts'
import { schema } from './schema.ts'
import { atBorder, bracketAt, nearBorder, nextPlace } from './steps.ts'
import type { Typing } from './typing.ts'

/** What keys ask for beyond words. */
export interface KeyActs {
  typing: Typing
  composition: Composition
  /** Opens the bracket or strike at the caret; false when there is none. */
  openBracket(view: EditorView, inside: boolean): boolean
  /** Offers to split the clause at the caret; false when this person does not split. */
  split(): boolean
  /** Puts several paragraphs in where they may become clauses; false when these words are not such. */
  pasted(words: string): boolean
  /** From the words to the row they are in. */
  leave(): void
  /** Sets or takes away a format; false when nothing of it may be changed. */
  format(view: EditorView, format: 'strong' | 'em'): void
}

/** True when the key was dealt with. */
export function onKey(view: EditorView, event: KeyboardEvent, acts: KeyActs): boolean {
  // While reading the page ProseMirror makes up a Backspace: what it stands for is read from the page itself.
  if (!event.isTrusted) return false
  if (event.isComposing || event.keyCode === 229) return false
  if (view.editable) acts.composition.finish(view)
  // The page's own caret may have moved a moment ago; its event comes later.
  flushDom(view)
  const mod = event.ctrlKey || event.metaKey
  if (event.key === 'Backspace' || event.key === 'Delete') return erase(view, event, mod || event.altKey, acts)
  if (mod && !event.altKey) return onCommand(view, event, acts)
  if (event.altKey) return event.key === 'ArrowUp' || event.key === 'ArrowDown'
  switch (event.key) {
    case 'ArrowLeft':
    case 'ArrowRight':
      return !mod && step(view, event)
    case 'Enter':
      enter(view, acts)
      return true
    case 'Escape':
      acts.leave()
      return true
    default:
      return false
  }
}

/** ProseMirror would take a whole bracket beside the caret. Words and lines are the browser's to measure, but not across a border. */
function erase(view: EditorView, event: KeyboardEvent, more: boolean, { typing }: KeyActs): boolean {
  if (!view.editable) return false
  const by = event.key === 'Backspace' ? -1 : 1
  const { selection, doc } = view.state
  if (more && selection.empty && !atBorder(doc.resolve(selection.head), by)) return false
  typing.eraseBeside(view, by)
  return true
}

function onCommand(view: EditorView, event: KeyboardEvent, acts: KeyActs): boolean {
  switch (event.key.toLowerCase()) {
    case 'a':
      // The page's own selection of everything arrives late: a fast Delete would take one letter.
      selectAll(view)
      return true
    case 'z':
      if (!view.editable) return false
      if (event.shiftKey) acts.typing.redo()
      else acts.typing.undo()
      return true
    case 'y':
      if (!view.editable) return false
      acts.typing.redo()
      return true
    case 'b':
      acts.format(view, 'strong')
      return true
    case 'i':
      acts.format(view, 'em')
      return true
    default:
      return false
  }
}

/** Inside a bracket Enter opens it; in other words it offers to split; else it opens what the caret touches. */
function enter(view: EditorView, { openBracket, split }: KeyActs): void {
  const inside = bracketAt(view.state.doc, view.state.selection.head)?.inside === true
  if (inside) openBracket(view, true)
  else if (!split()) openBracket(view, false)
}

function selectAll(view: EditorView): void {
  const { doc, tr } = view.state
  const [first, last] = [
    Selection.findFrom(doc.resolve(0), 1, true),
    Selection.findFrom(doc.resolve(doc.content.size), -1, true),
  ]
  if (first && last) view.dispatch(tr.setSelection(TextSelection.create(doc, first.from, last.to)))
}

/** Left and right by places; in words of both directions the browser knows better, but for the borders of brackets. */
function step(view: EditorView, event: KeyboardEvent): boolean {
  const { state } = view
  const { selection, doc } = state
  if (!(selection instanceof TextSelection)) return false
  const right = event.key === 'ArrowRight'
  const by = right === (directionAt(view, selection.head) === 'ltr') ? 1 : -1
  if (!selection.empty && !event.shiftKey) {
    move(view, by === 1 ? selection.to : selection.from, false)
    return true
  }
  if (isMixed(selection.$head.parent.textContent) && !nearBorder(doc, selection.head, by)) return false
  const next = nextPlace(doc, selection.head, by) ?? beyond(state, by)
  if (next !== null) move(view, next, event.shiftKey)
  return true
}

/** The nearest place of the next clause in that direction. */
function beyond({ doc, selection }: EditorState, by: 1 | -1): number | null {
  const { $head } = selection
  const edge = by === 1 ? $head.after(1) : $head.before(1)
  return Selection.findFrom(doc.resolve(edge), by, true)?.head ?? null
}

function move(view: EditorView, head: number, extend: boolean): void {
  const { tr, doc, selection } = view.state
  const anchor = extend ? selection.anchor : head
  view.dispatch(tr.setSelection(TextSelection.create(doc, anchor, head)).scrollIntoView())
}

function directionAt(view: EditorView, pos: number): string {
  const { node } = view.domAtPos(pos)
  const at = node instanceof Element ? node : node.parentElement
  return at ? getComputedStyle(at).direction : 'ltr'
}

/** For what is typed next: the mark at the caret on or off. */
export function chooseNext(view: EditorView, format: 'strong' | 'em'): void {
  const { state } = view
  const mark = schema.marks[format]
  const isOn = mark.isInSet(state.storedMarks ?? state.selection.$head.marks())
  view.dispatch(isOn ? state.tr.removeStoredMark(mark) : state.tr.addStoredMark(mark.create()))
}
