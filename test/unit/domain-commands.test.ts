import { expect, test } from 'vitest'
import type { Command } from '#shared/domain/commands.ts'
import { parseUp } from '#shared/protocol/command-schema.ts'
import { decodeUp, encodeUp, MAX_UPDATE, type Up } from '#shared/protocol/frames.ts'

const ID = 'a'.repeat(22)
const HASH = '0'.repeat(64)
const item = { client: 2 ** 21, clock: 0 }
const [track, clause, bracket] = ['plenary', 'c1', ID]
const place = { article: 'a1', parent: null, after: null }

/** One of each command, as a client sends it. */
const COMMANDS = [
  { type: 'AcceptCharter', hash: HASH },
  { type: 'OpenTalks' },
  { type: 'SetAccess', changes: [{ track, party: 'forum', level: 'read', grant: { history: 'full', until: 5 } }] },
  {
    type: 'OpenTrack',
    title: 'Fish',
    kind: 'group',
    access: { forum: 'read' },
    text: { title: 'F', articles: [{ title: 'A', clauses: ['x', { words: 'y', items: ['z'] }] }] },
  },
  { type: 'PublishNotice', words: 'x', to: ['forum'] },
  { type: 'PublishNotice', words: 'x', track },
  { type: 'RenameTrack', track, title: 'Fish and water' },
  { type: 'PauseTrack', track },
  { type: 'ResumeTrack', track },
  { type: 'CloseTrack', track },
  { type: 'OrderParties', parties: ['forum', 'tavira'] },
  { type: 'NominateSeat', party: 'tavira', role: 'adviser', name: 'Ada', replaces: 'tavira-head' },
  { type: 'AccreditSeat', seat: ID },
  { type: 'DeclineSeat', seat: ID },
  { type: 'SuspendSeat', seat: 'tavira-head' },
  { type: 'RestoreSeat', seat: 'tavira-head' },
  { type: 'ReplaceSeat', seat: 'tavira-head', name: 'Ada' },
  {
    type: 'Comment',
    track,
    clause,
    words: 'x',
    quote: { words: 'q', leaf: 'l1', from: item, to: item },
    audience: 'party+mediators',
    answers: ID,
  },
  { type: 'ResolveComment', comment: ID },
  { type: 'TakePosition', track, clause, hash: HASH, position: 'ad-referendum', until: 7 },
  { type: 'AddArticle', track, kind: 'annex', title: '', after: 'a1' },
  { type: 'RenameArticle', track, article: 'a1', title: 'x' },
  { type: 'RemoveArticle', track, article: 'a1' },
  { type: 'RenameText', track, title: 'x' },
  { type: 'AddClause', track, ...place, words: 'x' },
  { type: 'RemoveClause', track, clause },
  { type: 'MoveClause', track, clause, ...place },
  { type: 'SplitClause', track, clause, after: item },
  { type: 'MergeClause', track, clause },
  { type: 'LockClause', track, clause },
  { type: 'UnlockClause', track, clause },
  { type: 'AgreeClause', track, clause, hash: HASH, until: 7 },
  { type: 'WithdrawClauseAgreement', track, clause },
  { type: 'OpenBracket', track, bracket, clause, host: 'l1', kind: 'insert', after: null },
  { type: 'OpenBracket', track, bracket, clause, host: 'l1', kind: 'delete', struck: { from: item, to: item } },
  { type: 'ExtendStrike', track, bracket, struck: { from: item, to: item } },
  { type: 'JoinBracket', track, bracket },
  { type: 'WithdrawBracket', track, bracket },
  { type: 'AgreeBracket', track, bracket, hash: HASH },
  { type: 'AcceptBracket', track, bracket },
  { type: 'CloseEmptyBracket', track, bracket },
  { type: 'IssueInvitation', seat: 'tavira-head' },
  { type: 'RevokeInvitation', invitation: HASH },
  { type: 'AddDevice' },
  { type: 'ConfirmDevice', session: ID, figures: '123456' },
  { type: 'EndSession', session: ID },
] as unknown as Command[]

const act = (command: unknown): Up => ({ frame: 'act', ask: ID, command }) as unknown as Up
const FRAMES = [
  ...COMMANDS.map(act),
  { frame: 'look', ask: ID, look: { type: 'PreviewAs', party: 'forum' } },
  {
    frame: 'look',
    ask: ID,
    look: { type: 'PreviewText', party: 'forum', track, changes: [{ track, seat: 's', level: 'edit' }] },
  },
  { frame: 'open', ask: ID, track },
  { frame: 'open', ask: ID, track, resume: { incarnation: ID, vector: 'AAECAw==', client: 2 ** 21 } },
  { frame: 'leave', channel: 3 },
  { frame: 'words', channel: 3, number: 0, update: new Uint8Array([1, 2]) },
  { frame: 'got', channel: 3, bytes: 12 },
  { frame: 'here', channel: 3, place: null },
  { frame: 'here', channel: 3, place: { clause, leaf: 'l1', after: item, head: { leaf: 'l1', after: null } } },
  { frame: 'receipt', withdrawal: ID },
  { frame: 'look', ask: ID, look: { type: 'LastSeen' } },
  { frame: 'watch', tracks: [track] },
] as unknown as Up[]

const sent = (frame: Up): Up => {
  const decoded = decodeUp(encodeUp(frame))
  if (!decoded) throw new Error('no frame')
  return decoded
}
const refusal = (frame: unknown) => {
  const parsed = parseUp(frame as Up)
  return parsed.ok ? null : parsed.refusal
}

test('P9 every command and every frame passes unchanged', () => {
  for (const frame of FRAMES) expect(parseUp(sent(frame))).toEqual({ ok: true, value: frame })
})

test('P9 an unknown key is refused in every frame and every command', () => {
  for (const frame of FRAMES) expect(refusal({ ...frame, more: 1 })).toMatchObject({ code: 'malformed' })
  for (const command of COMMANDS)
    expect(refusal(act({ ...command, by: 'tavira-head' }))).toEqual({ code: 'malformed', where: 'by' })
})

test('P9 a missing or wrong part is refused with its place', () => {
  expect(refusal(act({ type: 'AcceptCharter' }))).toEqual({ code: 'malformed', where: 'hash' })
  expect(refusal(act({ type: 'Seize' }))).toEqual({ code: 'malformed', where: 'type' })
  const change = { track, party: 'forum', level: 'owner' }
  expect(refusal(act({ type: 'SetAccess', changes: [change] }))).toEqual({
    code: 'malformed',
    where: 'changes.0.level',
  })
  const both = { track, party: 'forum', seat: 's', level: 'read' }
  expect(refusal(act({ type: 'SetAccess', changes: [both] }))).toEqual({ code: 'malformed', where: 'changes.0' })
  expect(refusal({ frame: 'act', ask: 'short', command: { type: 'OpenTalks' } })).toEqual({
    code: 'malformed',
    where: 'ask',
  })
})

test('P9 what is too long is refused with the limit', () => {
  const words = 'x'.repeat(8193)
  const tooLarge = (limit: number) => ({ code: 'too-large', limit })
  expect(refusal(act({ type: 'Comment', track, clause, words, audience: 'track' }))).toEqual(tooLarge(8192))
  expect(refusal(act({ type: 'Comment', track, clause, words: 'x', quote: words, audience: 'track' }))).toEqual(
    tooLarge(8192),
  )
  expect(refusal(act({ type: 'RenameText', track, title: 'x'.repeat(301) }))).toEqual(tooLarge(300))
  const changes = Array.from({ length: 501 }, (_, index) => ({ track, party: `p${index}`, level: 'read' }))
  expect(refusal(act({ type: 'SetAccess', changes }))).toEqual(tooLarge(500))
  const update = new Uint8Array(MAX_UPDATE + 1)
  expect(refusal({ frame: 'words', channel: 1, number: 0, update })).toEqual(tooLarge(MAX_UPDATE))
})

test("P9 words no screen can show, blank words, and ids of no id's shape are refused", () => {
  const comment = (parts: object) => act({ type: 'Comment', track, clause, words: 'x', audience: 'track', ...parts })
  for (const words of ['', '  ', '\ud800', 'a\u0000b']) {
    expect(refusal(comment({ words }))).toEqual({ code: 'malformed', where: 'words' })
  }
  for (const id of ['', 'a b', '../x', 'x'.repeat(41), 7, null]) {
    expect(refusal(comment({ clause: id }))).toEqual({ code: 'malformed', where: 'clause' })
  }
  for (const client of [-1, 0.5, 2 ** 53, '1']) {
    expect(refusal(act({ type: 'SplitClause', track, clause, after: { client, clock: 0 } }))?.code).toBe('malformed')
  }
})

test('P9 keys that every object inherits, and nesting without end, are refused', () => {
  expect(refusal(act(JSON.parse('{"type":"OpenTalks","__proto__":{"seat":"x"}}')))).toEqual({
    code: 'malformed',
    where: '',
  })
  expect(refusal(act({ type: 'OpenTrack', title: 'x', kind: 'group', access: { constructor: 'read' } }))?.code).toBe(
    'malformed',
  )
  const deep = JSON.parse(`${'['.repeat(30_000)}${']'.repeat(30_000)}`)
  expect(refusal(act({ type: 'Comment', deep }))).toEqual({ code: 'malformed', where: '' })
})
