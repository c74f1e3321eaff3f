import type { Component } from 'svelte'

/** The room's other pages, each a chunk of its own; whoever only writes never loads them. */
export type Page = Component<{ section: string }>

export const pages = {
  desk: async (): Promise<Page> => (await import('../Desk/Desk.svelte')).default,
  people: async (): Promise<Page> => (await import('../People/People.svelte')).default,
}
