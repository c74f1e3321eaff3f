import { expect, test } from 'vitest'
import type { StructureClause } from '#client/room/room.ts'
import { bracketActs, consentingIn } from '#client/state/brackets.ts'
import type { TextState } from '#client/state/text.svelte.ts'
import { ViewState } from '#client/state/view.svelte.ts'
import { type BracketId, type Hash, instant, type LeafId, type PartyId, type SeatId } from '#shared/ids.ts'
import type { Level } from '#shared/refusals.ts'
import type { BracketView } from '#shared/text/structure.ts'
import { en, refusalsInEnglish } from '#shared/words/en.ts'
import { createSpeech } from '#shared/words/say.ts'
import { HASH, NOW, OTHER_HASH, trackFor, viewOf } from '../support/seen.ts'

const speech = createSpeech('en', en, refusalsInEnglish, 'UTC')
const TABLE: Record<string, Exclude<Level, 'hidden'>> = {
  tavira: 'suggest',
  council: 'suggest',
  union: 'edit',
  forum: 'read',
}

/** What `who` is offered on a bracket that `holders` hold and `agreed` have agreed to, each on the words of a hash. */
function offered(
  who: string,
  more: {
    holders?: string[]
    agreed?: Record<string, Hash>
    locked?: boolean
    byAdviser?: boolean
    binds?: boolean
    access?: typeof TABLE
  } = {},
) {
  const track = trackFor(who, 'plenary', more.access ?? TABLE)
  const view = viewOf(who, { tracks: [track] })
  view.me.binds = more.binds ?? view.me.binds
  const bracket: BracketView = {
    id: 'b'.repeat(22) as BracketId,
    kind: 'insert',
    host: 'host' as LeafId,
    leaf: 'b'.repeat(22) as LeafId,
    struck: null,
    holders: (more.holders ?? ['council']) as PartyId[],
    placedBy: 'council-head' as SeatId,
    placedAt: instant(NOW),
    ...(more.byAdviser || more.holders ? {} : { proposer: 'council' as PartyId }),
    agreed: Object.entries(more.agreed ?? {}).map(([id, hash]) => ({ id: id as PartyId, hash, at: instant(NOW) })),
  }
  const clause = { hash: HASH, locked: more.locked ?? false, brackets: [bracket] } as unknown as StructureClause
  const state = new ViewState({ view, onView: () => () => {} })
  // What is offered follows from the view and the structure alone.
  const text = null as unknown as TextState
  return bracketActs({ bracket, clause, track, text, view: state, speech, now: NOW })
}

test('S3 a head agrees to another party’s bracket, and the button names the table', () => {
  const acts = offered('tavira')
  expect(acts.agree?.label).toBe('Agree for Republic of Tavira, to the table and Maren Civic Forum')
  expect(offered('tavira', { access: { tavira: 'suggest', council: 'suggest', union: 'edit' } }).agree?.label).toBe(
    'Agree for Republic of Tavira, to the table',
  )
  expect(acts.withdraw).toBeNull()
  expect(acts.accept).toBeNull()
})

test('S3 only who binds a party agrees for it; the others are told who does', () => {
  const acts = offered('tavira', { binds: false })
  expect(acts.agree).toBeNull()
  expect(acts.otherwise).toBe('The head or an alternate agrees for Republic of Tavira.')
  expect(acts.join?.label).toBe('Hold it too, for Republic of Tavira')
})

test('S3 who has agreed to these words is not asked again, who agreed to older ones is', () => {
  expect(offered('tavira', { agreed: { tavira: HASH } })).toMatchObject({
    agree: null,
    otherwise: 'Republic of Tavira has agreed to these words.',
  })
  expect(offered('tavira', { agreed: { tavira: OTHER_HASH } }).agree).not.toBeNull()
})

test('S3 only a holder withdraws, and reads what stays', () => {
  expect(offered('council').withdraw?.note).toContain('is the last holder')
  expect(offered('council', { holders: ['council', 'tavira'] }).withdraw?.note).toBe(
    'Republic of Tavira still holds it: the words stay in the text.',
  )
  expect(offered('council').agree).toBeNull()
})

test('S3 the pen-holder accepts when consent is there, and else reads whose is missing', () => {
  expect(offered('union').accept).toMatchObject({
    ready: false,
    note: 'It can be accepted once Republic of Tavira agree to the words as they stand.',
  })
  expect(offered('union', { agreed: { tavira: OTHER_HASH } }).accept?.ready).toBe(false)
  expect(offered('union', { agreed: { tavira: HASH } }).accept?.ready).toBe(true)
})

test('S3 F2.1 what an adviser placed waits for its own head, who is asked as any other', () => {
  const all = { agreed: { tavira: HASH }, byAdviser: true }
  expect(offered('council', all).agree?.label).toContain('Agree for Northern Maren Council')
  expect(offered('council', { ...all, binds: false }).agree).toBeNull()
  expect(offered('union', all).accept).toMatchObject({
    ready: false,
    note: 'It can be accepted once Northern Maren Council agree to the words as they stand.',
  })
  expect(offered('union', { ...all, agreed: { tavira: HASH, council: HASH } }).accept?.ready).toBe(true)
  expect(offered('tavira').join?.note).toContain('you agree to them as they stand')
  expect(offered('tavira', { binds: false }).join?.note).not.toContain('agree')
})

test('S3 nothing is offered on a locked clause but the reason', () => {
  const acts = offered('council', { locked: true })
  expect([acts.agree, acts.join, acts.withdraw, acts.accept]).toEqual([null, null, null, null])
  expect(acts.otherwise).toContain('locked this clause')
})

test('S3 consent is asked of the delegations that may suggest, in the mediators’ order', () => {
  const track = trackFor('tavira', 'plenary', { forum: 'suggest', council: 'suggest', tavira: 'read', union: 'edit' })
  const view = new ViewState({ view: viewOf('tavira', { tracks: [track] }), onView: () => () => {} })
  expect(consentingIn(track, view).map(({ id }) => id)).toEqual(['council'])
})
