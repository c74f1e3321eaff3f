import type { Node } from 'prosemirror-model'
import { TextSelection } from 'prosemirror-state'
import type { EditorView, NodeView, ViewMutationRecord } from 'prosemirror-view'
import type { PartyId } from '#shared/ids.ts'
import type { IconName } from '../components/icons.ts'
import { partyClass, shortName } from '../components/party.ts'
import type { ClauseState } from '../room/room.ts'
import { directionOf } from './direction.ts'
import { byline, element, holdersOf, icon, type Looks, shape } from './looks.ts'

/** What stands beside a clause's words. */
export interface Gutter {
  number: string
  state: ClauseState
  here: { name: string; slot: number }[]
  /** Words of one's own wait for the line to come back. */
  unsent: boolean
}
const SIGNS: Record<ClauseState, [IconName, string]> = {
  open: ['open', 'st'],
  bracketed: ['bracket', 'st st--br'],
  'ad-referendum': ['ad-referendum', 'st st--adr'],
  agreed: ['agreed', 'st st--ok'],
  locked: ['lock', 'st'],
}

/** An article's heading. Its words are changed by a command, not here. */
export class HeadingView implements NodeView {
  readonly dom = element('h2', 'art')
  #looks: Looks

  constructor(node: Node, looks: Looks) {
    this.#looks = looks
    this.dom.contentEditable = 'false'
    this.update(node)
  }
  update(node: Node): boolean {
    if (node.type.name !== 'heading') return false
    const { kind, number, title } = node.attrs as { kind: string; number: string; title: string }
    const { say } = this.#looks
    const named = title || say('text.article-untitled')
    this.dom.dir = 'auto'
    if (kind === 'preamble') this.dom.textContent = title || say('editor.preamble')
    else this.dom.textContent = say(kind === 'annex' ? 'editor.annex' : 'editor.article', { number, title: named })
    return true
  }
  ignoreMutation = (): boolean => true
}

/** A clause: its gutter, then its words. */
export class ClauseRowView implements NodeView {
  readonly dom: HTMLElement
  readonly contentDOM = element('p', 'cl__t doc')
  readonly id: string
  readonly gutter = element('div', 'cl__g')
  #looks: Looks
  #shown: Gutter | null = null
  #gone: (view: ClauseRowView) => void

  constructor(node: Node, looks: Looks, gone: (view: ClauseRowView) => void) {
    this.id = String(node.attrs['id'])
    this.#looks = looks
    this.#gone = gone
    this.gutter.contentEditable = 'false'
    this.gutter.tabIndex = -1
    this.gutter.setAttribute('role', 'group')
    this.dom = element('div', 'cl', this.gutter, this.contentDOM)
    this.dom.dataset['clause'] = this.id
    this.#lay(node)
  }
  update(node: Node): boolean {
    if (node.type.name !== 'clause' || node.attrs['id'] !== this.id) return false
    this.#lay(node)
    return true
  }
  #lay(node: Node): void {
    this.dom.dataset['depth'] = String(node.attrs['depth'])
    lay(this.contentDOM, node.textContent)
  }

  show({ number, state, here, unsent }: Gutter): void {
    const shown = this.#shown
    const isSame = shown?.number === number && shown.state === state && shown.unsent === unsent
    if (isSame && sameHere(shown.here, here)) return
    this.#shown = { number, state, here, unsent }
    const { say } = this.#looks
    const [sign, classes] = SIGNS[state]
    const word = say(`clause.state.${state}`)
    const people = here.map(({ name, slot }) => {
      const label = element('span', `here ${partyClass(slot)}`, shape(slot), element('bdi', ''))
      label.lastElementChild?.append(say('editor.here', { name: shortName(name) }))
      label.title = name
      return label
    })
    const count = element('bdi', 'cl__no', number)
    const waits = unsent ? [element('span', 'tag tag--warn', icon('clock'), say('editor.not-sent'))] : []
    this.gutter.replaceChildren(count, element('span', classes, icon(sign), word), ...waits, ...people)
    const names = here.map(({ name }) => name).join(say('app.comma'))
    const label = { number, state: unsent ? say('editor.state-unsent', { state: word }) : word }
    this.gutter.setAttribute(
      'aria-label',
      names ? say('editor.row-here', { ...label, names }) : say('editor.row', label),
    )
    this.dom.classList.toggle('cl--locked', state === 'locked')
  }
  set active(active: boolean) {
    this.dom.classList.toggle('on', active)
  }

  stopEvent = (event: Event): boolean => event.target instanceof globalThis.Node && this.gutter.contains(event.target)
  ignoreMutation = (change: ViewMutationRecord): boolean =>
    change.type !== 'selection' && !this.contentDOM.contains(change.target)
  destroy(): void {
    this.#gone(this)
  }
}

/** The words themselves decide where they run; `auto` would ask what is hidden among them for those who listen. */
function lay(dom: HTMLElement, words: string): void {
  const direction = directionOf(words) ?? ''
  if (dom.dir !== direction) dom.dir = direction
}

const sameHere = (a: Gutter['here'], b: Gutter['here']): boolean =>
  a.length === b.length && a.every(({ name, slot }, i) => b[i]?.name === name && b[i]?.slot === slot)

/** A bracket: glyphs in its party's colour around its words, the short name behind. Screen readers hear where it begins and ends. */
export class BracketNodeView implements NodeView {
  readonly dom: HTMLElement
  readonly contentDOM = element('span', 'br__w')
  #id: string
  #kind: string
  #holders = ''
  #looks: Looks
  #open = element('b', 'br__o')
  #close = element('b', 'br__c')
  #view: EditorView
  #getPos: () => number | undefined

  constructor(node: Node, view: EditorView, getPos: () => number | undefined, looks: Looks) {
    this.#id = String(node.attrs['id'])
    this.#kind = String(node.attrs['kind'])
    this.#looks = looks
    this.#view = view
    this.#getPos = getPos
    this.dom = element(this.#kind === 'insert' || this.#kind === 'replace' ? 'ins' : 'span', '')
    this.dom.dataset['bracket'] = this.#id
    this.dom.append(this.#open, this.contentDOM, this.#close)
    for (const glyph of [this.#open, this.#close]) {
      glyph.contentEditable = 'false'
      glyph.addEventListener('mousedown', this.#pressed)
      glyph.addEventListener('click', this.#clicked)
    }
    this.update(node)
  }
  update(node: Node): boolean {
    const { id, kind, holders } = node.attrs as { id: string; kind: string; holders: string }
    if (node.type.name !== 'bracket' || id !== this.#id || kind !== this.#kind) return false
    if (holders !== this.#holders) this.#show(holders)
    lay(this.contentDOM, node.textContent)
    this.#holders = holders
    return true
  }
  #show(holders: string): void {
    const shown = holdersOf({ holders: holders.split(' ') as PartyId[] }, this.#looks)
    const { say } = this.#looks
    this.dom.className = `br ${shown.classes}`
    this.#open.replaceChildren(element('span', 'vh', say('editor.bracket', { parties: shown.names }), ' '), mute('['))
    this.#close.replaceChildren(mute(']'), element('span', 'vh', ' ', say('editor.bracket-end')), byline(shown))
  }

  /** Chromium reports the inside for a press right of the glyph: which half was pressed says on which side the caret goes. */
  #pressed = (event: MouseEvent): void => {
    event.preventDefault()
    const pos = this.#getPos()
    const node = pos === undefined ? null : this.#view.state.doc.nodeAt(pos)
    if (pos === undefined || !node || event.button !== 0) return
    const before = this.#isBefore(event)
    const at = event.currentTarget === this.#open ? (before ? pos : pos + 1) : pos + node.nodeSize - (before ? 1 : 0)
    this.#view.focus()
    this.#view.dispatch(this.#view.state.tr.setSelection(TextSelection.create(this.#view.state.doc, at)))
  }
  /** Whether the half of the glyph was pressed that is read first. */
  #isBefore(event: MouseEvent): boolean {
    const glyph = event.currentTarget as HTMLElement
    const box = (glyph.querySelector('[aria-hidden]') ?? glyph).getBoundingClientRect()
    const leftward = event.clientX < box.left + box.width / 2
    return leftward === (getComputedStyle(this.dom).direction === 'ltr')
  }
  /** The outer half of the first glyph is the place left of the bracket, at a clause's edge above all: nothing of it opens. */
  #clicked = (event: MouseEvent): void => {
    const isByMouse = event.detail > 0
    if (isByMouse && event.currentTarget === this.#open && this.#isBefore(event)) return
    this.#looks.onbracket(this.#id, this.dom, !isByMouse)
  }

  stopEvent = (event: Event): boolean =>
    event.target instanceof globalThis.Node &&
    (this.#open.contains(event.target) || this.#close.contains(event.target)) &&
    /^(?:mouse|click|pointer|dblclick)/.test(event.type)
  ignoreMutation = (change: ViewMutationRecord): boolean =>
    change.type !== 'selection' && !this.contentDOM.contains(change.target)
}

function mute(glyph: string): HTMLElement {
  const made = element('span', 'br__g', glyph)
  made.setAttribute('aria-hidden', 'true')
  return made
}
