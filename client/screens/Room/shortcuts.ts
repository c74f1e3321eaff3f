export type Shortcut = 'audience' | 'tracks' | 'next' | 'previous' | 'comment'

/** By place on the keyboard, so that other layouts and Alt characters work the same. */
const KEYS: Record<string, Shortcut> = {
  KeyW: 'audience',
  KeyT: 'tracks',
  ArrowDown: 'next',
  ArrowUp: 'previous',
  KeyC: 'comment',
}
/** As they are written under Help. */
export const SHORTCUTS = [
  { keys: ['Alt', 'W'], what: 'help.key.audience' },
  { keys: ['Alt', 'T'], what: 'help.key.tracks' },
  { keys: ['Alt', '↓'], what: 'help.key.next-clause' },
  { keys: ['Alt', '↑'], what: 'help.key.previous-clause' },
  { keys: ['Alt', 'C'], what: 'help.key.comment' },
  { keys: ['Alt', 'P'], what: 'help.key.preview' },
  { keys: ['0–4'], what: 'help.key.level' },
  { keys: ['Ctrl', 'Enter'], what: 'help.key.send' },
  { keys: ['Enter'], what: 'help.key.enter' },
  { keys: ['Esc'], what: 'help.key.leave' },
] as const

export function shortcutOf(event: KeyboardEvent): Shortcut | null {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return null
  return KEYS[event.code] ?? null
}
