/**
 * Brings the sample to the middle of its negotiation: signs in as its people, one real client each, and does what
 * the file `acts` lists, in order. Reads one line of JSON from standard input: `{url, acts, seats: {<seat>: <invitation code>}}`.
 * Ends its sessions when it is done; exits with 1 and one sentence when an act does not fit the text.
 */
import { readFileSync } from 'node:fs'
import { text as readText } from 'node:stream/consumers'
import { parse } from 'yaml'
import { enterRoom } from '#client/room/index.ts'
import type { OpenText, Room, StructureClause } from '#client/room/room.ts'
import type { CommentAudience } from '#shared/domain/process.ts'
import {
  type ClauseId,
  type CommentId,
  instant,
  type LeafId,
  parseHash,
  parseOpaque,
  type TrackId,
} from '#shared/ids.ts'

interface Act {
  by: string
  track: TrackId
  clause: string
  insert?: { after: string; words: string }
  strike?: { words: string }
  comment?: { words: string; quote?: string; audience: CommentAudience; answers?: true }
  agree?: { clause: true; days?: number } | { bracket: string }
}
const DAY_MS = 86_400_000
/** On one machine words arrive within milliseconds; past this something is wrong. */
const ARRIVES_MS = 10_000

const { url, seats, ...asked } = JSON.parse(await readText(process.stdin)) as {
  url: string
  acts: string
  seats: Record<string, string>
}
const acts = parse(readFileSync(asked.acts, 'utf8')) as Act[]
interface Player {
  room: Room
  token: string
  texts: Set<OpenText>
}
const rooms = new Map<string, Player>()
/** How each clause read when somebody last acted there. */
const left = new Map<string, string>()
let lastComment: CommentId | null = null

try {
  for (const act of acts) await perform(act)
} catch (cause) {
  console.error(`The sample's acts do not fit its text: ${cause instanceof Error ? cause.message : String(cause)}`)
  process.exitCode = 1
} finally {
  await Promise.all([...rooms.values()].map(leave))
}

async function perform(act: Act): Promise<void> {
  const { room, texts } = await playerOf(act.by)
  const text = await room.open(act.track)
  texts.add(text)
  const { id } = clauseNumbered(text, act.clause)
  const place = `${act.track}/${id}`
  await shows(text, id, left.get(place))
  const clause = clauseNumbered(text, act.clause)
  const at = (words: string) => placeOf(text, clause, words)
  if (act.insert) {
    const after = at(act.insert.after)
    await text.insert({ leaf: clause.leaf, index: after.index + after.length }, act.insert.words)
  }
  if (act.strike) await text.remove({ leaf: clause.leaf, ...at(act.strike.words) })
  await text.saved()
  left.set(place, text.plain(id))
  if (act.comment) await comment(room, act, clause)
  if (act.agree) await agree(room, text, act, clause)
}

/** Resolves when the clause reads as the one who acted before left it: people answer what they see. */
function shows(text: OpenText, clause: ClauseId, words: string | undefined): Promise<void> {
  const isThere = () => words === undefined || text.plain(clause) === words
  if (isThere()) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const given = setTimeout(() => reject(new Error(`“${words}” did not arrive in time`)), ARRIVES_MS)
    const look = () => {
      if (!isThere()) return
      clearTimeout(given)
      for (const stop of stops) stop()
      resolve()
    }
    const stops = [text.on('words', look), text.on('structure', look)]
  })
}

async function comment(room: Room, act: Act, clause: StructureClause): Promise<void> {
  const { words, quote, audience, answers } = act.comment as NonNullable<Act['comment']>
  const { made } = await room.act({
    type: 'Comment',
    track: act.track,
    clause: clause.id,
    words,
    audience,
    ...(quote ? { quote } : {}),
    ...(answers && lastComment ? { answers: lastComment } : {}),
  })
  lastComment = parseOpaque<CommentId>(made[0] ?? '')
}

async function agree(room: Room, text: OpenText, act: Act, clause: StructureClause): Promise<void> {
  const on = act.agree as NonNullable<Act['agree']>
  const hash = parseHash(clause.hash)
  if (!hash) throw new Error(`${act.clause} has no seal`)
  if ('bracket' in on) {
    const bracket = clause.brackets.find(({ leaf }) => leaf && text.text(leaf).toString() === on.bracket)
    if (!bracket) throw new Error(`no bracket holds “${on.bracket}” in ${act.clause}`)
    await room.act({ type: 'AgreeBracket', track: act.track, bracket: bracket.id, hash })
    return
  }
  const until = on.days ? { until: instant(Date.now() + on.days * DAY_MS) } : {}
  await room.act({ type: 'AgreeClause', track: act.track, clause: clause.id, hash, ...until })
}

function clauseNumbered(text: OpenText, number: string): StructureClause {
  const search = (clauses: StructureClause[]): StructureClause | undefined => {
    for (const clause of clauses) {
      const found = clause.number === number ? clause : search(clause.items)
      if (found) return found
    }
    return undefined
  }
  const clause = text.structure.articles.map((article) => search(article.clauses)).find(Boolean)
  if (!clause) throw new Error(`no clause ${number} in ${text.structure.title}`)
  return clause
}

/** Index in the leaf's Y.Text, where every bracket's place counts as one unit. */
function placeOf(
  text: OpenText,
  clause: { leaf: LeafId; number: string },
  words: string,
): { index: number; length: number } {
  const units = text
    .text(clause.leaf)
    .toDelta()
    .map((part: { insert: unknown }) => (typeof part.insert === 'string' ? part.insert : '\uFFFC'))
    .join('')
  const index = units.indexOf(words)
  if (index < 0) throw new Error(`“${words}” is not in ${clause.number}`)
  return { index, length: words.length }
}

async function playerOf(seat: string): Promise<Player> {
  const known = rooms.get(seat)
  if (known) return known
  const response = await fetch(`${url}/api/invitations/redeem`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code: seats[seat] }),
  })
  if (!response.ok) throw new Error(`the invitation of ${seat} was refused`)
  const { token } = (await response.json()) as { token: string }
  const room = await enterRoom({ url, token })
  const player = { room, token, texts: new Set<OpenText>() }
  rooms.set(seat, player)
  return player
}

async function leave({ room, token, texts }: Player): Promise<void> {
  // Who closes a text is absent at once: the visitor finds nobody who is not there.
  for (const text of texts) {
    await text.saved()
    text.close()
  }
  await room.close()
  await fetch(`${url}/api/session`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } })
}
