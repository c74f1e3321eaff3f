import type { PartyId } from '#shared/ids.ts'
import type { BracketView } from '#shared/text/structure.ts'
import type { Say } from '#shared/words/say.ts'
import { ICONS, type IconName } from '../components/icons.ts'
import { type PartyLook, partyClass, shapeOf } from '../components/party.ts'

/** What the drawing asks its surroundings: sentences and parties, and whom to tell when a bracket is opened. */
export interface Looks {
  say: Say
  party(id: PartyId): PartyLook | null
  /** The person asked for a bracket or a strike. */
  onbracket(id: string, anchor: HTMLElement, takesFocus: boolean): void
}

const SVG = 'http://www.w3.org/2000/svg'
function drawing(classes: string, box: string, path: string): SVGElement {
  const svg = document.createElementNS(SVG, 'svg')
  svg.setAttribute('class', classes)
  svg.setAttribute('viewBox', box)
  svg.setAttribute('aria-hidden', 'true')
  const shape = document.createElementNS(SVG, 'path')
  shape.setAttribute('d', path)
  svg.append(shape)
  return svg
}
export const icon = (name: IconName): SVGElement => drawing('i', '0 0 24 24', ICONS[name])
export const shape = (slot: number): SVGElement => drawing('sh', '0 0 16 16', shapeOf(slot))

/** An element with a class and what is in it. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  classes: string,
  ...content: (globalThis.Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name)
  if (classes) made.className = classes
  made.append(...content)
  return made
}

/** How a bracket's holders are shown: colours of the first, short names of all, full names for those who listen. */
export function holdersOf({ holders }: Pick<BracketView, 'holders'>, { party, say }: Looks) {
  const comma = say('app.comma')
  const known = [...new Set(holders)].map((id) => party(id) ?? { slot: 3, name: id, short: id })
  return {
    classes: partyClass(known[0]?.slot ?? 3),
    slot: known[0]?.slot ?? 3,
    short: known.map(({ short }) => short).join(comma),
    names: known.map(({ name }) => name).join(comma),
  }
}

/** The short names at the end of a bracket or strike; pressing them opens it. */
export function byline(shown: { classes: string; short: string }): HTMLElement {
  const by = element('span', `by ${shown.classes}`, shown.short)
  by.setAttribute('aria-hidden', 'true')
  return by
}
