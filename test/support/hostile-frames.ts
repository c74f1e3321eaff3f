import type { Opened, Up } from '#shared/protocol/frames.ts'
import { encodeUp } from '#shared/protocol/frames.ts'
import { unpack } from '#shared/protocol/patch.ts'
import type { StructureView } from '#shared/text/structure.ts'
import { CONTENT, PLACES, RIGHTS } from './hostile-updates.ts'
import { gone, type Id, marked, type RawRanges, rawUpdate, typed } from './raw-update.ts'
import type { Chance } from './seeded.ts'

/** Messages that a hostile client could send over a line of its own: by a grammar, then broken by chance. */

/** What the sender knows of the room: names that exist make the costlier mistakes. */
export interface Known {
  opened: Opened
  tracks: string[]
  parties: string[]
  seats: string[]
  ask: () => string
}
type Message = Uint8Array<ArrayBuffer> | string
type Json = Record<string, unknown>

const HASH = 'f'.repeat(64)
const RANDOM_ID = 'r'.repeat(22)
const WORDS = ['', 'a', 'No.', '😀', '\ud800', '\u202e', '\u0000', 'x'.repeat(9_000), 'é'.repeat(400), '{{', '<b>']

const structureOf = ({ opened }: Known) => unpack(opened.structure) as unknown as StructureView
const leavesOf = (known: Known): string[] =>
  structureOf(known).articles.flatMap(({ clauses }) =>
    clauses.flatMap(({ leaf, brackets }) => [leaf, ...brackets.flatMap((bracket) => bracket.leaf ?? [])]),
  )

/** A command of a type that exists, with names of which most exist. */
function command(chance: Chance, known: Known): Json {
  const structure = structureOf(known)
  const clauses = structure.articles.flatMap((article) => article.clauses)
  const brackets = clauses.flatMap((clause) => clause.brackets.map(({ id }) => id as string))
  const named = <T>(some: readonly T[], other: string) =>
    chance.below(4) > 0 && some.length > 0 ? chance.one(some) : other
  const track = () => named(known.tracks, 'no-such-track')
  const clause = () =>
    named(
      clauses.map(({ id }) => id as string),
      'no-such-clause',
    )
  const bracket = () => named(brackets, RANDOM_ID)
  const article = () =>
    named(
      structure.articles.map(({ id }) => id as string),
      'no-such-article',
    )
  const party = () => named(known.parties, 'no-such-party')
  const seat = () => named(known.seats, 'no-such-seat')
  const item = () => ({ client: chance.below(2 ** 28), clock: chance.below(100) })
  const words = () => chance.one(WORDS)
  const many = () => 1 + chance.below(chance.below(20) === 0 ? 400 : 3)
  const makers: (() => Json)[] = [
    () => ({ type: 'AcceptCharter', hash: HASH }),
    () => ({ type: 'OpenTalks' }),
    () => ({
      type: 'SetAccess',
      changes: Array.from({ length: many() }, () => ({ track: track(), party: party(), level: 'edit' })),
    }),
    () => ({ type: 'OpenTrack', title: words(), kind: 'group', access: { [party()]: 'edit' }, text: seed(many()) }),
    () => ({ type: 'PublishNotice', words: words(), to: [party()] }),
    () => ({ type: 'Comment', track: track(), clause: clause(), words: words(), audience: 'party' }),
    () => ({ type: 'Comment', track: track(), clause: clause(), words: 'x', audience: 'track', answers: RANDOM_ID }),
    () => ({ type: 'ResolveComment', comment: RANDOM_ID }),
    () => ({ type: 'TakePosition', track: track(), clause: clause(), hash: HASH, position: 'accept' }),
    () => ({ type: 'AddArticle', track: track(), kind: 'article', title: words(), after: article() }),
    () => ({ type: 'RemoveArticle', track: track(), article: article() }),
    () => ({ type: 'AddClause', track: track(), article: article(), parent: null, after: clause(), words: words() }),
    () => ({ type: 'RemoveClause', track: track(), clause: clause() }),
    () => ({ type: 'MoveClause', track: track(), clause: clause(), article: article(), parent: clause(), after: null }),
    () => ({ type: 'SplitClause', track: track(), clause: clause(), after: item() }),
    () => ({ type: 'MergeClause', track: track(), clause: clause() }),
    () => ({ type: 'LockClause', track: track(), clause: clause() }),
    () => ({ type: 'AgreeClause', track: track(), clause: clause(), hash: HASH }),
    () => ({ type: 'ExtendStrike', track: track(), bracket: bracket(), struck: { from: item(), to: item() } }),
    () => ({ type: 'JoinBracket', track: track(), bracket: bracket() }),
    () => ({ type: 'AgreeBracket', track: track(), bracket: bracket(), hash: HASH }),
    () => ({ type: 'AcceptBracket', track: track(), bracket: bracket() }),
    () => ({ type: 'CloseEmptyBracket', track: track(), bracket: bracket() }),
    () => ({ type: 'IssueInvitation', seat: seat() }),
    () => ({ type: 'RevokeInvitation', invitation: HASH }),
    () => ({ type: 'ConfirmDevice', session: RANDOM_ID, figures: '123456' }),
    () => ({ type: 'EndSession', session: RANDOM_ID }),
    () => ({ type: chance.one(['NoSuchCommand', '__proto__', 'constructor', 'toString', '1', '']) }),
  ]
  return chance.one(makers)()
}

const seed = (clauses: number): Json => ({
  title: 'x',
  articles: [{ title: 'y', clauses: Array.from({ length: clauses * 10 }, () => 'A clause.') }],
})

/** Words under the sender's own lane, with places of which some exist. */
function update(chance: Chance, known: Known): Uint8Array {
  const { client, clock } = known.opened.lane
  if (chance.below(4) === 0) return chance.one([CONTENT, PLACES, RIGHTS].flat())[1]
  const leaves = leavesOf(known)
  const id = (): Id => [chance.one([client, client, chance.below(2 ** 28)]), chance.below(20)]
  const structs = Array.from({ length: 1 + chance.below(chance.below(15) === 0 ? 500 : 4) }, () => {
    const place = chance.below(3) > 0 ? { root: chance.one(leaves) } : { left: id(), right: id() }
    const kind = chance.below(8)
    if (kind === 0) return gone(1 + chance.below(2 ** 20), place)
    return kind === 1 ? marked('em', 'true', place) : typed(chance.one(WORDS), place)
  })
  const ranges: RawRanges[] = chance.below(3) === 0 ? [[id()[0], [[chance.below(30), 1 + chance.below(2 ** 30)]]]] : []
  return rawUpdate([{ client, clock: chance.below(5) === 0 ? chance.below(9) : clock, structs }], ranges)
}

function plain(chance: Chance, known: Known): Up {
  const ask = known.ask()
  const { channel, incarnation, lane } = known.opened
  const some = chance.below(4) > 0 ? channel : chance.below(65_536)
  const track = chance.one(known.tracks)
  const vector = Buffer.from([1, 5, 200, 1]).toString('base64')
  const makers: (() => object)[] = [
    () => ({ frame: 'act', ask, command: command(chance, known) }),
    () => ({ frame: 'act', ask, command: command(chance, known) }),
    () => ({ frame: 'act', ask, command: command(chance, known) }),
    () => ({ frame: 'words', channel: some, number: chance.below(4), update: update(chance, known) }),
    () => ({ frame: 'words', channel: some, number: chance.below(4), update: update(chance, known) }),
    () => ({ frame: 'look', ask, look: { type: 'PreviewAs', party: chance.one(known.parties) } }),
    () => ({ frame: 'look', ask, look: { type: 'PreviewText', party: chance.one(known.parties), track } }),
    () => ({ frame: 'open', ask, track: 'no-such-track' }),
    () => ({ frame: 'open', ask, track: 'no-such-track', resume: { incarnation, vector, client: lane.client } }),
    () => ({ frame: 'leave', channel: chance.below(65_536) }),
    () => ({ frame: 'got', channel: some, bytes: chance.below(2 ** 31) * 2 ** chance.below(21) }),
    () => ({ frame: 'here', channel: some, place: { clause: 'x', leaf: chance.one(leavesOf(known)), after: null } }),
    () => ({ frame: 'receipt', withdrawal: RANDOM_ID }),
  ]
  return chance.one(makers)() as Up
}

const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
const STRANGE: (() => unknown)[] = [
  () => null,
  () => true,
  () => -1,
  () => 1e308,
  () => 2 ** 53,
  () => 0.5,
  () => '7',
  () => '',
  () => 'x'.repeat(70_000),
  () => '\ud800',
  () => [],
  () => ({}),
  () => new Array(20_000).fill(0),
  () => Array.from({ length: 3_000 }, () => ({})),
  () => deep(20),
  () => deep(3_000),
  () => JSON.parse('{"__proto__":{"polluted":true}}'),
  () => ({ constructor: { prototype: { polluted: true } } }),
  () => ({ toString: 1, hasOwnProperty: 2, length: 1e9 }),
  () => Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [index, index])),
]

/** Puts something strange in one place of a tree, takes one away, or adds one. */
function twisted(chance: Chance, tree: unknown): unknown {
  if (typeof tree !== 'object' || tree === null || tree instanceof Uint8Array) return chance.one(STRANGE)()
  const keys = Object.keys(tree)
  const copy: Json = Array.isArray(tree) ? (tree.slice() as unknown as Json) : { ...tree }
  const act = chance.below(8)
  const key = keys.length > 0 ? chance.one(keys) : 'x'
  if (act === 0) delete copy[key]
  else if (act === 1)
    Object.assign(copy, { [chance.one(['0', 'extra', 'constructor', '__proto__ ', 'ask'])]: chance.one(STRANGE)() })
  else if (act === 2) copy[key] = chance.one(STRANGE)()
  else copy[key] = twisted(chance, copy[key])
  return copy
}

/** The JSON of a frame, as it would be written by somebody with other habits; words are not JSON. */
function rewritten(chance: Chance, frame: Up): Uint8Array<ArrayBuffer> {
  if (!('ask' in frame) && chance.below(6) > 0) return encodeUp(frame)
  if (frame.frame === 'words' || frame.frame === 'got' || frame.frame === 'leave') return encodeUp(frame)
  const { frame: name, ...body } = frame
  // The name of the ask stays: so the answer can be told from silence.
  const kept = 'ask' in frame && chance.below(20) > 0 ? { ask: frame.ask } : {}
  const tree = { ...(twisted(chance, body) as object), ...kept, frame: name }
  return encodeUp(tree as Up)
}

function broken(chance: Chance, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const out = [...bytes]
  for (let times = 1 + chance.below(3); times > 0; times--) {
    const at = chance.below(out.length + 1)
    const act = chance.below(5)
    if (act === 0) out[at] = chance.below(256)
    else if (act === 1) out.splice(at, 1 + chance.below(6))
    else if (act === 2) out.splice(at, 0, chance.below(256))
    else if (act === 3) out.length = at
    else out[0] = chance.one([0, 1, 2, 3, 4, 5, 6, 15, 16, 17, 18, 20, 22, 24, 31, 32, 45, 255])
  }
  return Uint8Array.from(out)
}

const TEXTS = [
  '42["f",{}]',
  '43["x"]',
  '2',
  '2probe',
  '5',
  '0',
  '1',
  '6',
  'bAAAA',
  '',
  '42["error"]',
  '40/admin,{}',
  '{"a":1}',
]

/** One input. About a tenth of them end their line. */
export function hostileMessage(chance: Chance, known: Known): Message {
  const frame = plain(chance, known)
  const kind = chance.below(100)
  if (kind < 45) return encodeUp(frame)
  if (kind < 95) return rewritten(chance, frame)
  if (kind < 99) return broken(chance, encodeUp(frame))
  return chance.one(TEXTS)
}
