import type { Component } from 'svelte'

/** The room's other pages, each a chunk of its own; whoever only writes never loads them. */
export type Page = Component<{ section: string }>
const found = import.meta.glob<{ default: Page }>(['../Desk/Desk.svelte', '../People/People.svelte'])
const pageAt = (path: string): (() => Promise<Page>) | null => {
  const load = found[path]
  return load ? async () => (await load()).default : null
}

export const pages = {
  desk: pageAt('../Desk/Desk.svelte'),
  people: pageAt('../People/People.svelte'),
}
