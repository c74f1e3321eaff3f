import type { Node } from 'prosemirror-model'
import { type EditorState, Plugin, Selection, TextSelection } from 'prosemirror-state'
import type { EditorView } from 'prosemirror-view'
import { flushDom } from './dom.ts'
import { type KeyActs, onKey } from './keys.ts'

/**
 * From what a person does to what it means. The browser never writes in the page itself, but for input methods; every
 * insertion and deletion is taken at the editor's own selection before it happens.
 */
export function input(acts: KeyActs): Plugin {
  const { typing, composition } = acts
  return new Plugin({
    props: {
      handleKeyDown: (view, event) => onKey(view, event, acts),
      handleTextInput(view, from, to, words) {
        if (composition.isOn) return false
        typing.type(view, words, from, to)
        return true
      },
      handleDOMEvents: {
        keydown(view, event) {
          // A text that is only read is not editable: ProseMirror passes no keys on.
          if (view.editable || !onKey(view, event, acts)) return false
          event.preventDefault()
          return true
        },
        beforeinput: (view, event) => beforeInput(view, event, acts),
        compositionstart(view) {
          if (view.editable) composition.start(view)
          return false
        },
        compositionend(view, { data }) {
          composition.end(view, data)
          return false
        },
        copy: (view, event) => copy(view, event),
        cut(view, event) {
          const { from, to } = view.state.selection
          copy(view, event)
          if (view.editable && from < to) typing.erase(from, to)
          return true
        },
        paste(view, event) {
          event.preventDefault()
          // Words only: nobody's page is parsed here. Several paragraphs become one, as a clause is one, unless it is asked otherwise.
          const words = event.clipboardData?.getData('text/plain') ?? ''
          if (!view.editable || words === '') return true
          composition.finish(view)
          if (!acts.pasted(words)) typing.type(view, words)
          return true
        },
        dragstart: refuse,
        drop: refuse,
      },
    },
  })
}

function refuse(_view: EditorView, event: DragEvent): boolean {
  event.preventDefault()
  return true
}

function beforeInput(view: EditorView, event: InputEvent, { typing, composition, ...acts }: KeyActs): boolean {
  if (!view.editable || event.isComposing || event.inputType === 'insertCompositionText') return false
  event.preventDefault()
  composition.finish(view)
  flushDom(view)
  const { inputType } = event
  const words = event.data ?? event.dataTransfer?.getData('text/plain') ?? ''
  switch (inputType) {
    case 'insertText':
    case 'insertReplacementText':
    case 'insertTranspose':
    case 'insertFromYank': {
      const target = targetOf(view, event)
      // A plain letter goes to the caret, which knows more than the page does of the borders it stands at.
      const replaces = inputType !== 'insertText' || (target && isStretch(view, target))
      if (words !== '') typing.type(view, words, ...(replaces && target ? [target.from, target.to] : []))
      return true
    }
    case 'formatBold':
      acts.format(view, 'strong')
      return true
    case 'formatItalic':
      acts.format(view, 'em')
      return true
    case 'historyUndo':
      typing.undo()
      return true
    case 'historyRedo':
      typing.redo()
      return true
    default: {
      // insertParagraph and the rest mean nothing in a clause.
      if (inputType.startsWith('delete')) erase(view, event, typing)
      return true
    }
  }
}

/** The selection, the character beside the caret, or the word, the line or the stretch that the browser names. */
function erase(view: EditorView, event: InputEvent, typing: KeyActs['typing']): void {
  const by = event.inputType.endsWith('Backward') ? -1 : 1
  const target = view.state.selection.empty ? targetOf(view, event) : null
  const isNamed = target && (/Word|Line/.test(event.inputType) || isStretch(view, target))
  if (isNamed && target.from < target.to) typing.erase(target.from, target.to, by === 1)
  else typing.eraseBeside(view, by)
}

/** Keyboards on a screen take back or replace more than a letter without selecting it first: words of one place, across no border. */
function isStretch({ state }: EditorView, { from, to }: { from: number; to: number }): boolean {
  const [$from, $to] = [state.doc.resolve(from), state.doc.resolve(to)]
  if (!state.selection.empty || !$from.sameParent($to)) return false
  const words = state.doc.textBetween(from, to, undefined, '\ufffc')
  return words.length === to - from && [...words].length > 1
}

function targetOf(view: EditorView, event: InputEvent): { from: number; to: number } | null {
  const range = event.getTargetRanges()[0]
  if (!range || !view.dom.contains(range.startContainer) || !view.dom.contains(range.endContainer)) return null
  const from = view.posAtDOM(range.startContainer, range.startOffset, 1)
  const to = view.posAtDOM(range.endContainer, range.endOffset, -1)
  return { from: Math.min(from, to), to: Math.max(from, to) }
}

function copy(view: EditorView, event: ClipboardEvent): boolean {
  const { from, to } = view.state.selection
  event.preventDefault()
  if (from < to) event.clipboardData?.setData('text/plain', wordsBetween(view.state, from, to))
  return true
}

/** The words between two places, a line for each clause, brackets in brackets. */
function wordsBetween({ doc }: EditorState, from: number, to: number): string {
  const lines: string[] = []
  doc.forEach((row, offset) => {
    const [start, end] = [Math.max(from - offset - 1, 0), Math.min(to - offset - 1, row.content.size)]
    if (row.type.name === 'clause' && start <= end) lines.push(wordsIn(row.cut(start, end)))
  })
  return lines.join('\n')
}
function wordsIn(node: Node): string {
  return node.children.map((child) => (child.isText ? (child.text ?? '') : `[${wordsIn(child)}]`)).join('')
}

/** Puts the caret at the start of a row. */
export function caretInto(view: EditorView, at: number): void {
  const { tr, doc } = view.state
  const selection = Selection.near(doc.resolve(Math.min(at + 1, doc.content.size)), 1)
  if (selection instanceof TextSelection) view.dispatch(tr.setSelection(selection).scrollIntoView())
}
