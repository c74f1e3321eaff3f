/** The words last selected in the page's text, kept while the focus is in the composer. */
export interface Selected {
  readonly words: string
  forget(): void
}

const MAX = 400

/** Follows the selection inside the negotiated text for the life of the component that calls it. */
export function selectedWords(): Selected {
  let words = $state('')
  $effect(() => {
    const read = () => {
      const selection = document.getSelection()
      const node = selection?.anchorNode
      const element = node instanceof Element ? node : node?.parentElement
      // A selection elsewhere, such as in the composer's own field, is not about the text.
      if (!element?.closest('#text')) return
      words = selection?.isCollapsed ? '' : (selection?.toString().trim().slice(0, MAX) ?? '')
    }
    document.addEventListener('selectionchange', read)
    return () => document.removeEventListener('selectionchange', read)
  })
  return {
    get words() {
      return words
    },
    forget() {
      words = ''
    },
  }
}
