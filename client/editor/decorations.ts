import type { Node } from 'prosemirror-model'
import { Plugin, PluginKey } from 'prosemirror-state'
import { Decoration, DecorationSet } from 'prosemirror-view'
import type { ItemId, LeafId } from '#shared/ids.ts'
import { struckRange } from '#shared/text/compose.ts'
import { wordsOf } from '#shared/text/leaf.ts'
import type { BracketView } from '#shared/text/structure.ts'
import { partyClass } from '../components/party.ts'
import { type Binding, DRAWN, type Drawn } from './binding.ts'
import type { Anchor } from './caret.ts'
import { type Part, partsOf } from './drawn.ts'
import { byline, element, holdersOf, type Looks, shape } from './looks.ts'
import type { ClauseRow } from './rows.ts'

/** Words that a comment is about: by their first and last item, or, where only the words are known, the first place they stand at. */
export interface Highlight {
  id: string
  clause: string
  words: string
  leaf?: LeafId
  from?: ItemId
  to?: ItemId
}
/** Somebody else's caret, and the other end of what they selected. */
export interface Caret {
  seat: string
  slot: number
  at: Anchor
  selected: Anchor | null
}
/** Tells both plugins that what they draw beside the words changed. */
export const MARKED = 'marked'

export interface Marks {
  highlights(clause: string): Highlight[]
  carets(): Caret[]
}

export const STRIKES = new PluginKey<DecorationSet>('strikes')

/** Strikes, disputes and highlights. Kept with the document; only rows that are drawn anew are looked at again. */
export function strikes(binding: Binding, looks: Looks, marks: Marks): Plugin<DecorationSet> {
  const all = (doc: Node): DecorationSet =>
    DecorationSet.create(
      doc,
      binding.rows.flatMap((row) => (row.is === 'clause' ? marksOf(row, doc) : [])),
    )
  const marksOf = (row: ClauseRow, doc: Node): Decoration[] => {
    const start = binding.startIn(doc, row) + 1
    return [...strikesIn(row, start, binding, looks), ...highlightsIn(row, start, marks.highlights(row.id), binding)]
  }
  return new Plugin<DecorationSet>({
    key: STRIKES,
    state: {
      init: (_, { doc }) => all(doc),
      apply(tr, set, _, { doc }) {
        const drawn = tr.getMeta(DRAWN) as Drawn | undefined
        if (tr.getMeta(MARKED) || drawn?.all) return all(doc)
        let next = tr.docChanged ? set.map(tr.mapping, doc) : set
        for (const row of drawn?.rows ?? []) {
          if (row.is !== 'clause') continue
          const start = binding.startIn(doc, row)
          next = next.remove(next.find(start, start + row.drawn.size + 2)).add(doc, marksOf(row, doc))
        }
        return next
      },
    },
    props: {
      decorations(state) {
        return this.getState(state)
      },
    },
  })
}

/** Others' carets and selections. They jump to where they are: nothing glides. One that rests becomes a small mark. */
export function carets(binding: Binding, marks: Marks): Plugin<DecorationSet> {
  const all = (doc: Node): DecorationSet =>
    DecorationSet.create(
      doc,
      marks.carets().flatMap((caret) => {
        const pos = binding.posIn(doc, caret.at)
        if (pos === null) return []
        // Another key when it moved: the caret shows anew.
        const key = `caret ${caret.seat} ${caret.slot} ${JSON.stringify(caret.at)}`
        const widget = Decoration.widget(pos, () => caretOf(caret.slot), { side: -1, key, ignoreSelection: true })
        const end = caret.selected && binding.posIn(doc, caret.selected)
        if (end === null || end === pos) return [widget]
        const [from, to] = [Math.min(pos, end), Math.max(pos, end)]
        return [widget, Decoration.inline(from, to, { class: `others ${partyClass(caret.slot)}` })]
      }),
    )
  return new Plugin<DecorationSet>({
    key: new PluginKey('carets'),
    state: {
      init: (_, { doc }) => all(doc),
      apply(tr, set, _, { doc }) {
        // While somebody composes, its clause does not show what was drawn there: places are not known by item.
        if (binding.held !== null) return set.map(tr.mapping, doc)
        return tr.docChanged || tr.getMeta(MARKED) || tr.getMeta(DRAWN) ? all(doc) : set
      },
    },
    props: {
      decorations(state) {
        return this.getState(state)
      },
    },
  })
}
function caretOf(slot: number): HTMLElement {
  const caret = element('span', `other ${partyClass(slot)}`, shape(slot))
  caret.setAttribute('aria-hidden', 'true')
  return caret
}

/* ---- strikes ---- */

function strikesIn(row: ClauseRow, start: number, binding: Binding, looks: Looks): Decoration[] {
  const struck = row.clause.brackets.filter((bracket) => bracket.struck)
  if (struck.length === 0) return []
  const words = wordsOf(binding.text.doc)
  const parts = [...partsOf(row.drawn)]
  return struck.flatMap((bracket) => {
    const home = parts.find(({ part }) => part.leaf === bracket.host)
    const range = bracket.struck && home ? struckRange(words, bracket.host, bracket.struck) : null
    return home && range ? strikeOf(bracket, segments(home.part, start + home.start, range), looks) : []
  })
}

type Stretch = [from: number, to: number]
/** The words of an index range as stretches of the document, without the brackets between them. */
function segments(part: Part, start: number, { from, to }: { from: number; to: number }): Stretch[] {
  const out: Stretch[] = []
  for (const span of part.spans) {
    if (span.is !== 'words') continue
    const first = Math.max(from, span.index)
    const last = Math.min(to, span.index + span.words.length)
    if (first >= last) continue
    const at = start + span.at - span.index
    const before = out.at(-1)
    if (before?.[1] === at + first) before[1] = at + last
    else out.push([at + first, at + last])
  }
  return out
}

function strikeOf(bracket: BracketView, stretches: Stretch[], looks: Looks): Decoration[] {
  const first = stretches[0]
  const last = stretches.at(-1)
  if (!first || !last) return []
  const shown = holdersOf(bracket, looks)
  const dispute = bracket.kind === 'dispute'
  const title = looks.say(dispute ? 'editor.disputed' : 'editor.struck', { parties: shown.names })
  const attrs = dispute
    ? { class: `br ${shown.classes}`, title }
    : { nodeName: 'del', class: `sg ${shown.classes}`, title }
  const spec = { strike: bracket.id }
  const words = stretches.map(([from, to]) => Decoration.inline(from, to, attrs, spec))
  // A replacement's bracket bears the name.
  if (bracket.kind === 'replace') return words
  const widget = (pos: number, part: 'open' | 'close', side: number): Decoration =>
    Decoration.widget(pos, () => edgeOf(bracket, part, shown, looks), {
      ...spec,
      side,
      key: `${part} ${bracket.id} ${shown.short}`,
      ignoreSelection: true,
      stopEvent: () => true,
    })
  return [widget(first[0], 'open', 1), ...words, widget(last[1], 'close', -1)]
}

/** Both ends of a strike are said to whoever listens; the last one shows its party's name, and those of a dispute a glyph. */
function edgeOf(
  bracket: BracketView,
  part: 'open' | 'close',
  shown: ReturnType<typeof holdersOf>,
  looks: Looks,
): HTMLElement {
  const edge = element('span', `edge ${shown.classes}`)
  edge.dataset['strike'] = bracket.id
  const { say } = looks
  const begins = bracket.kind === 'dispute' ? 'editor.disputed-start' : 'editor.struck-start'
  if (part === 'open') edge.append(element('span', 'vh', ' ', say(begins, { parties: shown.names }), ' '))
  if (bracket.kind === 'dispute') {
    const glyph = element('b', '', part === 'open' ? '[' : ']')
    glyph.setAttribute('aria-hidden', 'true')
    edge.append(glyph)
  }
  if (part === 'close') {
    const ends = bracket.kind === 'dispute' ? 'editor.bracket-end' : 'editor.struck-end'
    edge.append(element('span', 'vh', ' ', say(ends), ' '), byline(shown))
    edge.addEventListener('mousedown', (event) => event.preventDefault())
    edge.addEventListener('click', ({ detail }) => looks.onbracket(bracket.id, edge, detail === 0))
  }
  return edge
}

/* ---- highlights ---- */

function highlightsIn(row: ClauseRow, start: number, highlights: Highlight[], binding: Binding): Decoration[] {
  return highlights.flatMap((highlight) =>
    placesOf(row, highlight, binding).map(([from, to]) =>
      Decoration.inline(start + from, start + to, { nodeName: 'mark', class: 'anchor' }, { highlight: highlight.id }),
    ),
  )
}

function placesOf(row: ClauseRow, { words, leaf, from, to }: Highlight, binding: Binding): Stretch[] {
  if (leaf && from && to) {
    const home = [...partsOf(row.drawn)].find(({ part }) => part.leaf === leaf)
    const range = struckRange(wordsOf(binding.text.doc), leaf, { from, to })
    return home && range ? segments(home.part, home.start, range) : []
  }
  return wordsIn(row.drawn, words)
}

/** The first place where `words` stand, brackets read as part of the sentence. */
function wordsIn(root: Part, words: string): Stretch[] {
  const spans = [...partsOf(root)].flatMap(({ part, start }) =>
    part.spans.flatMap((span) => (span.is === 'words' ? [{ at: start + span.at, words: span.words }] : [])),
  )
  spans.sort((a, b) => a.at - b.at)
  const at =
    words === ''
      ? -1
      : spans
          .map((span) => span.words)
          .join('')
          .indexOf(words)
  if (at < 0) return []
  const out: Stretch[] = []
  let before = 0
  for (const span of spans) {
    const from = Math.max(at - before, 0)
    const to = Math.min(at + words.length - before, span.words.length)
    if (from < to) out.push([span.at + from, span.at + to])
    before += span.words.length
  }
  return out
}
