import type { Component } from 'svelte'
import type { PageSpeech } from '../../components/speech.ts'

/** The room's other pages, each a chunk of its own, with its words; whoever only writes never loads them. */
export type Page = Component<{ section: string }>
type Load = (speech: PageSpeech) => Promise<Page>

export const pages: Record<'desk' | 'people', Load> = {
  desk: async (speech) =>
    (await Promise.all([import('../Desk/Desk.svelte'), speech.learn('desk', 'people')]))[0].default,
  people: async (speech) => (await Promise.all([import('../People/People.svelte'), speech.learn('people')]))[0].default,
}
