import { EditorState, type Transaction } from 'prosemirror-state'
import { EditorView } from 'prosemirror-view'
import type { View } from '#shared/domain/view.ts'
import { type ItemId, type LeafId, leafOf, type PartyId } from '#shared/ids.ts'
import type { Place } from '#shared/protocol/frames.ts'
import { includes, type Refusal } from '#shared/refusals.ts'
import type { ClauseView } from '#shared/text/structure.ts'
import type { Say } from '#shared/words/say.ts'
import type { ClauseState, OpenText, Room, StructureClause } from '../room/room.ts'
import { Binding, DRAWN } from './binding.ts'
import { Composition } from './composition.ts'
import { type Caret, carets, type Highlight, MARKED, STRIKES, strikes } from './decorations.ts'
import { flushDom } from './dom.ts'
import { caretInto, input } from './input.ts'
import { keepPlace } from './keep-place.ts'
import { chooseNext } from './keys.ts'
import type { Looks } from './looks.ts'
import { BracketNodeView, ClauseRowView, type Gutter, HeadingView } from './node-views.ts'
import { type Pasted, pasteParagraphs } from './paragraphs.ts'
import { others } from './presence.ts'
import type { ClauseRow, Row } from './rows.ts'
import { schema } from './schema.ts'
import { bracketAt } from './steps.ts'
import { Typing } from './typing.ts'

/** Where in a clause somebody wants it split. */
export interface SplitPlace {
  clause: string
  leaf: LeafId
  index: number
  after: ItemId | null
}
/** Words selected in one leaf, as a comment quotes them. */
export interface Selected {
  clause: string
  words: string
  leaf: LeafId
  from: ItemId
  to: ItemId
}

export interface EditorOptions {
  text: OpenText
  room: Room
  say: Say
  people: View['people']
  onactive(clause: string): void
  /** `takesFocus`: asked for by keys; who clicks goes on writing. */
  onbracket(bracket: string, anchor: HTMLElement, takesFocus: boolean): void
  onsplit?: ((place: SplitPlace) => void) | undefined
  /** For those who may add clauses; null: another paste took its place. */
  onpasted?: ((pasted: Pasted | null) => void) | undefined
  onselected?: ((selected: Selected | null) => void) | undefined
  /** Why something was not written; null: all is well again. */
  onrefused(refusal: Refusal | 'format' | null): void
  /** Words that the text could not take while they were composed: their author's, to be kept elsewhere. */
  onlost?: ((words: string) => void) | undefined
}

/** One text on screen: the view, what hangs around it, and the ways in and out of it. */
export class Editor {
  readonly view: EditorView
  readonly #options: EditorOptions
  readonly #binding: Binding
  readonly #typing: Typing
  readonly #composition: Composition
  readonly #rows = new Map<string, ClauseRowView>()
  #highlights: Highlight[] = []
  #carets: Caret[] = []
  #here = new Map<string, Gutter['here']>()
  #unsent: ReadonlySet<LeafId> = new Set()
  #people: View['people']
  #active: string | null = null
  #caretRow: string | null = null
  #stops: (() => void)[] = []

  constructor(mount: HTMLElement, options: EditorOptions) {
    const { text, room } = options
    this.#options = options
    this.#people = options.people
    this.#binding = new Binding(text)
    this.#typing = new Typing(this.#binding, options.onrefused)
    this.#composition = new Composition(this.#binding, this.#typing, (words) => options.onlost?.(words))
    this.#seeOthers()
    this.view = this.#open(mount)
    this.#binding.attach(this.view)
    this.#binding.onDrawn((rows) => {
      this.#composition.look(this.view, () => this.#leave())
      this.#showRows(rows)
      this.#moved()
    })
    this.#showRows(this.#binding.rows)
    this.#stops = [
      keepPlace(this.view.dom, () => this.#rows.get(this.#caretRow ?? '')?.dom ?? null),
      text.on('level', () => this.view.setProps({})),
      room.onSaving(() => this.#savingChanged()),
      room.onPresence((track) => {
        if (track === text.track) this.#othersMoved()
      }),
    ]
  }

  #open(mount: HTMLElement): EditorView {
    const looks = this.#looks()
    const marks = {
      highlights: (clause: string) => this.#highlights.filter((one) => one.clause === clause),
      carets: () => this.#carets,
    }
    const doc = this.#binding.first()
    const plugins = [
      input({
        typing: this.#typing,
        composition: this.#composition,
        openBracket: (view, inside) => this.#openBracket(view, inside),
        split: () => this.#split(),
        pasted: (words) => this.#pasted(words),
        leave: () => this.#leave(),
        format: (view, format) => this.#format(view, format),
      }),
      strikes(this.#binding, looks, marks),
      carets(this.#binding, marks),
    ]
    const gone = (row: ClauseRowView): void => {
      if (this.#rows.get(row.id) === row) this.#rows.delete(row.id)
    }
    return new EditorView(
      { mount },
      {
        state: EditorState.create({ doc, schema, plugins }),
        editable: () => includes(this.#options.text.level, 'suggest'),
        attributes: () => this.#attributes(),
        nodeViews: {
          heading: (node) => new HeadingView(node, looks),
          clause: (node) => this.#newRow(new ClauseRowView(node, looks, gone)),
          bracket: (node, view, getPos) => new BracketNodeView(node, view, getPos, looks),
        },
        dispatchTransaction: (tr) => this.#dispatch(tr),
        handleDOMEvents: {
          focus: () => this.#moved(),
          blur: () => this.#composition.finish(this.view),
        },
        // Scrolling shows the line and what stands around it, not the line at the very edge.
        scrollMargin: 48,
        scrollThreshold: 24,
      },
    )
  }
  #attributes(): Record<string, string> {
    const { text, say } = this.#options
    const { title, language } = this.#binding.structure
    const shared = { 'aria-label': say('editor.label', { title }), lang: language, spellcheck: 'false', class: 'text' }
    return includes(text.level, 'suggest')
      ? { ...shared, role: 'textbox', 'aria-multiline': 'true' }
      : { ...shared, role: 'document', tabindex: '0' }
  }
  #looks(): Looks {
    const { say, room, onbracket } = this.#options
    const party = (id: PartyId) => room.view.parties.find((one) => one.id === id) ?? null
    return { say, party, onbracket }
  }

  /* ---- changes ---- */

  #dispatch(tr: Transaction): void {
    const { view } = this
    if (tr.docChanged && !tr.getMeta(DRAWN)) {
      if (this.#composition.isGone) return
      if (!this.#composition.isOn) {
        this.#adopt(tr)
        return
      }
      this.#composition.follow(tr)
    }
    const before = view.state.selection
    view.updateState(view.state.apply(tr))
    if (tr.selectionSet && !tr.docChanged && !before.eq(view.state.selection)) {
      this.#options.text.stopCapturing()
      this.#moved()
    }
  }
  /** The browser wrote in the page by itself: a correction, a dictation. It is what the person meant, so it is planned like typing. */
  #adopt(tr: Transaction): void {
    const start = tr.before.content.findDiffStart(tr.doc.content)
    const end = tr.before.content.findDiffEnd(tr.doc.content)
    if (start === null || end === null) return
    const overlap = Math.max(0, start - Math.min(end.a, end.b))
    const words = tr.doc.textBetween(start, end.b + overlap)
    this.#typing.type(this.view, words, start, end.a + overlap)
  }

  /* ---- rows ---- */

  #newRow(row: ClauseRowView): ClauseRowView {
    this.#rows.set(row.id, row)
    row.active = row.id === this.#active
    row.gutter.addEventListener('focus', () => this.#options.onactive(row.id))
    row.gutter.addEventListener('keydown', (event) => this.#inRow(row.id, event))
    return row
  }
  #showRows(rows: Iterable<Row>): void {
    let structure: Map<string, StructureClause> | null = null
    const read = (id: string): ClauseState => {
      structure ??= new Map(allClauses(this.#options.text.structure).map((clause) => [clause.id, clause]))
      return structure.get(id)?.state ?? 'open'
    }
    for (const row of rows) {
      if (row.is !== 'clause') continue
      const { number } = row.clause
      const state = plainState(row.clause) ?? read(row.id)
      const here = this.#here.get(row.id) ?? []
      this.#rows.get(row.id)?.show({ number, state, here, unsent: this.#isUnsent(row.clause) })
    }
  }
  #isUnsent({ leaf, brackets }: ClauseView): boolean {
    return this.#unsent.has(leaf) || brackets.some(({ id }) => this.#unsent.has(leafOf(id)))
  }
  #savingChanged(): void {
    const before = this.#unsent
    this.#unsent = this.#options.text.unsent
    if (before.size > 0 || this.#unsent.size > 0) this.#showRows(this.#binding.rows)
  }
  #inRow(id: string, event: KeyboardEvent): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const clauses = this.#binding.rows.filter((row): row is ClauseRow => row.is === 'clause')
    const at = clauses.findIndex((row) => row.id === id)
    const row = clauses[at]
    if (event.key === 'Enter' && row) {
      this.view.focus()
      caretInto(this.view, this.#binding.startIn(this.view.state.doc, row))
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const next = clauses[at + (event.key === 'ArrowDown' ? 1 : -1)]
      if (next) this.#rows.get(next.id)?.gutter.focus()
    } else return
    event.preventDefault()
  }
  #leave(): void {
    const row = this.#binding.placeAt(this.view.state.selection.head)?.row
    if (!row) return
    this.#rows.get(row.id)?.gutter.focus()
    // A browser writes where its own caret is, whatever has the focus.
    document.getSelection()?.removeAllRanges()
  }

  /** Marks a clause as the one in front. When it is not where the caret is, the caret goes there, or the view does. */
  setActive(id: string | null): void {
    if (this.#active === id) return
    const old = this.#active === null ? null : this.#rows.get(this.#active)
    const row = id === null ? null : this.#rows.get(id)
    this.#active = id
    if (old) old.active = false
    if (!row || id === null) return
    row.active = true
    if (row.dom.contains(document.activeElement) || id === this.#caretRow) return
    const clause = this.#binding.rowOf(id)
    if (this.view.hasFocus() && clause) caretInto(this.view, this.#binding.startIn(this.view.state.doc, clause))
    else if (this.view.dom.contains(document.activeElement)) row.gutter.focus()
    else row.dom.scrollIntoView({ block: 'nearest' })
  }

  /* ---- around the words ---- */

  setHighlights(highlights: Highlight[]): void {
    if (JSON.stringify(highlights) === JSON.stringify(this.#highlights)) return
    this.#highlights = highlights
    this.#mark()
  }
  setPeople(people: View['people']): void {
    if (people === this.#people) return
    this.#people = people
    this.#othersMoved()
  }
  #mark(): void {
    if (this.#binding.held !== null) return
    flushDom(this.view)
    this.view.dispatch(this.view.state.tr.setMeta(MARKED, true))
  }
  #othersMoved(): void {
    const before = JSON.stringify(this.#carets)
    const rows = new Set(this.#here.keys())
    this.#seeOthers()
    if (before !== JSON.stringify(this.#carets)) this.#mark()
    for (const id of this.#here.keys()) rows.add(id)
    this.#showRows(this.#binding.rows.filter(({ id }) => rows.has(id)))
  }
  #seeOthers(): void {
    const { room, text } = this.#options
    const seen = others(room.presence(text.track), room.me.seat, this.#people, room.view.parties)
    this.#carets = seen.carets
    this.#here = seen.here
  }

  /** The caret may stand elsewhere now, or something else may be selected. */
  #moved(): void {
    const { view } = this
    if (!view.hasFocus()) return
    const row = this.#binding.placeAt(view.state.selection.head)?.row ?? null
    if (row && row.id !== this.#caretRow) {
      this.#caretRow = row.id
      this.#options.onactive(row.id)
    }
    this.#options.onselected?.(this.#selected())
    this.#options.text.here(this.#place())
  }
  #place(): Place | null {
    const { anchor, head } = this.view.state.selection
    const [from, to] = [this.#pointAt(anchor), this.#pointAt(head)]
    const row = this.#binding.placeAt(head)?.row
    if (!row) return null
    if (!to) return { clause: row.id }
    return { clause: row.id, ...to, ...(anchor !== head && from ? { head: from } : {}) }
  }
  /** As others can find it: by item. Null in a bracket that only this client has. */
  #pointAt(pos: number): { leaf: LeafId; after: ItemId | null } | null {
    const spot = this.#composition.spotAt(pos) ?? this.#binding.spotAt(pos)
    return spot ? { leaf: spot.leaf, after: this.#options.text.sheet().words.itemAt(spot.leaf, spot.index) } : null
  }
  #selected(): Selected | null {
    const { from, to } = this.view.state.selection
    const ranges = from < to ? this.#binding.ranges(from, to) : []
    const [range] = ranges
    const row = range && ranges.length === 1 ? this.#binding.rowOfLeaf(range.leaf) : null
    if (!range || !row) return null
    const { words } = this.#options.text.sheet()
    const first = words.itemAt(range.leaf, range.index + 1)
    const last = words.itemAt(range.leaf, range.index + range.length)
    const shown = this.view.state.doc.textBetween(from, to)
    return first && last ? { clause: row.id, words: shown, leaf: range.leaf, from: first, to: last } : null
  }

  /* ---- what keys ask for ---- */

  #openBracket(view: EditorView, inside: boolean): boolean {
    const { head } = view.state.selection
    const found = bracketAt(view.state.doc, head)
    const anchor = found && (found.inside || !inside) ? this.#bracketElement(found.id) : this.#strikeAt(head)
    if (!anchor) return false
    this.#options.onbracket(anchor.id, anchor.element, true)
    return true
  }
  #bracketElement(id: string): { id: string; element: HTMLElement } | null {
    const element = this.view.dom.querySelector<HTMLElement>(`[data-bracket="${CSS.escape(id)}"]`)
    return element ? { id, element } : null
  }
  #strikeAt(pos: number): { id: string; element: HTMLElement } | null {
    const row = this.#binding.placeAt(pos)?.row
    const found = STRIKES.getState(this.view.state)?.find(pos, pos, ({ strike }) => strike !== undefined)[0]
    const id: unknown = row && found?.spec['strike']
    if (typeof id !== 'string') return null
    const element = this.view.dom.querySelector<HTMLElement>(`[data-strike="${CSS.escape(id)}"]`)
    return element ? { id, element } : null
  }
  #split(): boolean {
    const { onsplit, text } = this.#options
    const { head } = this.view.state.selection
    const place = this.#binding.placeAt(head)
    const spot = this.#binding.spotAt(head)
    if (!onsplit || text.level !== 'edit' || !place || !spot) return false
    onsplit({ clause: place.row.id, ...spot, after: text.sheet().words.itemAt(spot.leaf, spot.index) })
    return true
  }
  #pasted(words: string): boolean {
    const { onpasted, text } = this.#options
    onpasted?.(null)
    if (!onpasted || text.level !== 'edit') return false
    const stop = pasteParagraphs(this.view.state.selection, words, this.#binding, this.#typing, onpasted)
    if (stop) this.#stops.push(stop)
    return stop !== null
  }
  #format(view: EditorView, format: 'strong' | 'em'): void {
    if (!view.editable) return
    if (view.state.selection.empty) chooseNext(view, format)
    else if (!this.#typing.format(view, format)) this.#options.onrefused('format')
  }

  focus(): void {
    this.view.focus()
  }
  destroy(): void {
    this.#composition.finish(this.view)
    this.#options.text.here(null)
    for (const stop of this.#stops) stop()
    this.#composition.close()
    this.#binding.close()
    this.view.destroy()
  }
}

/** Where a clause stands when its words need not be read for it; null: they do. */
function plainState({ locked, brackets, agreed }: ClauseView): ClauseState | null {
  if (locked) return 'locked'
  if (brackets.length > 0) return 'bracketed'
  return agreed.length === 0 ? 'open' : null
}
function allClauses(structure: { articles: { clauses: StructureClause[] }[] }): StructureClause[] {
  const all = (clause: StructureClause): StructureClause[] => [clause, ...clause.items.flatMap(all)]
  return structure.articles.flatMap(({ clauses }) => clauses.flatMap(all))
}
