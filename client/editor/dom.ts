import type { EditorView } from 'prosemirror-view'

/**
 * Reads what the browser changed in the page and not told yet: its own caret, above all, which it moves before it says so.
 * To be called before anything is drawn or done at the editor's caret. ProseMirror has no public call for it.
 */
export function flushDom(view: EditorView): void {
  const { domObserver } = view as unknown as { domObserver: { forceFlush(): void; flush(): void } }
  domObserver.forceFlush()
  domObserver.flush()
}
