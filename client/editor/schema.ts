import { type MarkSpec, Schema } from 'prosemirror-model'
import type { Format } from '#shared/text/structure.ts'

/**
 * The text as ProseMirror holds it: a row for each heading and clause, brackets as inline nodes with their words inside.
 * It is a drawing: what counts is in the structure and the leaves, and every change of this document comes from them.
 */
export const schema = new Schema({
  nodes: {
    doc: { content: '(heading | clause)*' },
    heading: {
      atom: true,
      selectable: false,
      attrs: { id: {}, kind: {}, number: {}, title: {} },
      toDOM: () => ['h2'],
    },
    clause: {
      content: 'inline*',
      isolating: true,
      attrs: { id: {}, leaf: {}, depth: {} },
      toDOM: () => ['div', 0],
    },
    bracket: {
      inline: true,
      content: 'inline*',
      group: 'inline',
      selectable: false,
      attrs: { id: {}, leaf: {}, kind: {}, holders: {} },
      toDOM: () => ['span', 0],
    },
    text: { group: 'inline' },
  },
  marks: {
    em: { toDOM: () => ['em', 0] },
    strong: { toDOM: () => ['strong', 0] },
    term: { toDOM: () => ['dfn', 0] },
  } satisfies Record<Format, MarkSpec>,
})
